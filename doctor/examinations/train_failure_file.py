"""A failed job says why, where SageMaker looks for it."""

from contracts.examination import Finding, ImageRole
from doctor.check import Check
from doctor.training_runs import TrainingRuns

LIMIT = 1024  # characters of DescribeTrainingJob's FailureReason
SHOWN = 100  # characters
CHECK = Check(
    "train-failure-file",
    ImageRole.TRAINING,
    f"the first {LIMIT} characters of /opt/ml/output/failure become the job's FailureReason; "
    'without it that says no more than the exit code (developer guide, "How Amazon SageMaker AI '
    'Signals Algorithm Success and Failure")',
)


def look(runs: TrainingRuns) -> Finding:
    tried = {"an empty channel": runs.empty, "garbage in every file": runs.garbage}
    silent = [what for what, run in tried.items() if not run.failure]
    if not silent:
        words = " ".join(runs.garbage.failure.split())
        return CHECK.passed(words if len(words) <= SHOWN else f"{words[:SHOWN]}…")
    return CHECK.failed(
        f"no text in /opt/ml/output/failure after failing on {' and on '.join(silent)}",
        change="catch what goes wrong, write the reason to /opt/ml/output/failure, then exit "
        "with 1",
        log=runs.garbage.lines,
    )
