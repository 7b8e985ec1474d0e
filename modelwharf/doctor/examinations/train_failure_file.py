"""A failed job writes its reason where SageMaker looks for it."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.training_runs import TrainingRuns

LIMIT = 1024  # characters of DescribeTrainingJob's FailureReason
SHOWN = 100  # characters
UNREADABLE = "\ufffd"  # stands for bytes that are not UTF-8
CHECK = Check(
    "train-failure-file",
    ImageRole.TRAINING,
    f"the first {LIMIT} characters of /opt/ml/output/failure become the job's FailureReason; "
    'without it that says no more than the exit code (developer guide, "How Amazon SageMaker AI '
    'Signals Algorithm Success and Failure")',
)


def examine(runs: TrainingRuns) -> Finding:
    tried = {"an empty channel": runs.empty, "garbage in every file": runs.garbage}
    silent = [what for what, run in tried.items() if not run.failure]
    if not silent:
        return CHECK.passed(_shown(runs.garbage.failure))
    return CHECK.failed(
        f"no text in /opt/ml/output/failure after failing on {' and on '.join(silent)}",
        change="catch what goes wrong, write the reason to /opt/ml/output/failure, then exit "
        "with 1",
        log=runs.garbage.lines,
    )


def _shown(failure: str) -> str:
    """Return its beginning in one line, and how much of it SageMaker drops."""
    words = " ".join(failure.split())
    text = words if len(words) <= SHOWN else f"{words[:SHOWN]}…"
    if UNREADABLE in failure:
        text += " (not UTF-8: write it as text)"
    if len(failure) > LIMIT:
        text += f" (of {len(failure):,} characters SageMaker keeps the first {LIMIT:,})"
    return text
