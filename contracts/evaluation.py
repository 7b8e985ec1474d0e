"""The evaluation report: ``evaluation.json`` in ``/opt/ml/output/data``."""

from pydantic import AwareDatetime, JsonValue

from contracts.model import Contract

EVALUATION_FILE = "evaluation.json"
HOLDOUT_FILE = "holdout.jsonl"


class Interval(Contract):
    """A confidence interval at ``level`` (0…1)."""

    low: float
    high: float
    level: float


class Metric(Contract):
    """One figure on the holdout. ``champion`` is the serving model's, on the same rows."""

    value: float
    interval: Interval | None = None
    champion: float | None = None


class EvaluationReport(Contract):
    """How good the trained model is on the holdout it never saw.

    ``metrics`` are over all holdout rows; ``slices`` hold the same metrics for parts of
    it, such as ``{"horizon": {"1-5": {...}}, "product": {"wti": {...}}}``.
    """

    metrics: dict[str, Metric]
    slices: dict[str, dict[str, dict[str, Metric]]] = {}
    holdout_rows: int
    input_schema: dict[str, JsonValue] = {}
    libraries: dict[str, str] = {}
    created: AwareDatetime


class HoldoutRow(Contract):
    """One line of ``holdout.jsonl``: a request, and what the trained model answered to it."""

    request: dict[str, JsonValue]
    prediction: dict[str, JsonValue]
