"""Training works with a read-only root, as a user other than root, and without a network."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.conditions import HARD, OTHER_USER
from modelwharf.doctor.examinations.harder import CHANGES, READ_ONLY_WHY, USER_WHY
from modelwharf.doctor.training_runs import TrainingRuns

READ_ONLY = Check("train-read-only", ImageRole.TRAINING, READ_ONLY_WHY)
NON_ROOT = Check("train-non-root", ImageRole.TRAINING, USER_WHY)
NO_NETWORK = Check(
    "train-no-network",
    ImageRole.TRAINING,
    "with network isolation (EnableNetworkIsolation; training.network_isolation) a container "
    "reaches nothing: SageMaker itself brings data and takes the model",
)
CHECKS = {"read_only": READ_ONLY, "user": NON_ROOT, "isolated": NO_NETWORK}


def examine(runs: TrainingRuns, what: str) -> Finding:
    """Examine one condition; ``what`` is one that an engine may lack."""
    check = CHECKS[what]
    if what in runs.unsupported:
        return check.skipped("this engine cannot do that: it needs Docker or podman")
    together = runs.under_all
    run = together if together.succeeded and together.model_files else runs.under(HARD[what])
    if run.succeeded and run.model_files:
        return check.passed(f"as user {OTHER_USER}" if what == "user" else run.ending)
    return check.warned(
        run.ending if not run.succeeded else "it ended with success, but wrote no model",
        change=CHANGES[what],
        log=run.lines,
    )
