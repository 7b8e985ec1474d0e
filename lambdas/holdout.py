"""What to send to the live endpoint: the holdout stored with the model, or a probe."""

from collections.abc import Sequence

from pydantic import ValidationError

from lambdas.archive import read_member
from lambdas.errors import VerificationFailed
from lambdas.runtime import Runtime
from modelwharf.artifact.evaluation import HOLDOUT_FILE, HoldoutRow
from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.probe import Probe
from modelwharf.contracts.release import TrainingResult


def read_holdout(runtime: Runtime, training: TrainingResult) -> list[HoldoutRow]:
    """Return the rows that the trained model answered; none when its program wrote no such file.

    Raises VerificationFailed, which names a line that is not a row.
    """
    if training.output is None:
        return []
    text = read_member(runtime, training.output, HOLDOUT_FILE)
    rows = []
    for number, line in enumerate((text or b"").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append(HoldoutRow.model_validate_json(line))
        except ValidationError as error:
            raise VerificationFailed(
                f"line {number} of {HOLDOUT_FILE} in {training.output} is not a holdout row: "
                f"{error.errors()[0]['msg']}"
            ) from None
    return rows


def nothing_to_ask(project: str, rows: Sequence[HoldoutRow], probe: Probe | None) -> str:
    """Say why nothing can be sent to the live endpoint, and what to set; "" when something can."""
    if rows or probe is not None:
        return ""
    return (
        f"the training job left no {HOLDOUT_FILE} and no probe is configured, so there is "
        f"nothing to ask the endpoint; set probe in {parameter_path(project, 'deployment')}, "
        'for example {"probe": {"content_type": "text/csv", "body": "5.1,3.5,1.4,0.2"}}'
    )
