"""The models' artifacts, written by the room ``export`` as for any model."""

from modelwharf import export
from tests.bench.serving.models import COLUMNS, Model, Rows

HOLDOUT = 1_000  # rows; with MOST_ROWS few, because the tests of the export compare more
MOST_ROWS = 5_000  # beside thresholds


def write(model: Model, rows: Rows) -> str:
    """Export into the model's folder; what the comparison found. Raises export.ExportError."""
    report = export.write(
        model.estimator, model.artifact, inputs=rows[:HOLDOUT], columns=COLUMNS, most_rows=MOST_ROWS
    )
    return str(report)
