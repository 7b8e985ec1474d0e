"""``python -m training prepare|train``: the entry point of the training image."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from modelwharf.artifact.privileges import TREE, leave_root
from training.folders import Folders
from training.hosts import training_host
from training.rejected import Rejected

# SageMaker cuts FailureReason and ExitMessage at 1,024 characters (DescribeTrainingJob).
REASON_LIMIT = 1000
REST_IN_LOG = " … (all of it: wharf logs)"
STOPPED = 128 + signal.SIGTERM  # the exit code that a shell would show


def main(arguments: Sequence[str]) -> int:
    """Run one job and return the exit code. The user's mistakes show no traceback."""
    # The first process of a container ignores signals that have no handler.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(STOPPED))
    folders = Folders.of(os.environ)
    if list(arguments) == ["prepare"]:
        reads = (folders.processing_input, folders.processing_previous)
        _leave_root(folders, reads, folders.processing_output)
        return _run(_prepare, folders, folders.processing_message)
    if list(arguments) == ["train"]:
        _leave_root(folders, (folders.input,), folders.model)
        return _run(_train, folders, folders.training_failure)
    given = " ".join(arguments) or "nothing"
    print(f"usage: python -m training prepare|train (given: {given})", file=sys.stderr)
    return 2


def _leave_root(folders: Folders, reads: tuple[Path, ...], writes: Path) -> None:
    if folders.base == TREE:
        stays = leave_root(folders.base, reads=reads, writes=(writes, folders.output))
        if stays:
            print(stays, flush=True)


def _run(job: Callable[[Folders], None], folders: Folders, reason_file: Path) -> int:
    try:
        job(folders)
    except Rejected as error:
        _tell(reason_file, str(error))
        return 1
    except Exception as error:
        _tell(reason_file, f"{type(error).__name__}: {error}")
        raise  # our own fault: the log gets the traceback
    return 0


def _tell(reason_file: Path, reason: str) -> None:
    print(reason, file=sys.stderr, flush=True)
    try:
        reason_file.parent.mkdir(parents=True, exist_ok=True)
        reason_file.write_text(_cut(reason))
    except OSError as error:
        print(f"{reason_file} cannot be written: {error.strerror}", file=sys.stderr, flush=True)


def _cut(reason: str) -> str:
    if len(reason) <= REASON_LIMIT:
        return reason
    return reason[: REASON_LIMIT - len(REST_IN_LOG)] + REST_IN_LOG


def _prepare(folders: Folders) -> None:
    from training.prepare import prepare

    report = prepare(folders)
    for name, series in report.series.items():
        print(
            f"prepared {series.role} {name} from {series.source}: "
            f"{series.rows} prices from {series.first} to "
            f"{series.last}, lowest {series.lowest:g}, highest {series.highest:g}, "
            f"{series.missing} missing, {series.weekends} on weekends",
            flush=True,
        )
    for finding in report.findings:
        print(f"finding: {finding}", flush=True)
    print(f"fingerprint {report.fingerprint}", flush=True)


def _train(folders: Folders) -> None:
    other = training_host(folders.resources)
    if other is not None:
        print(f"{other} trains: one instance is enough (training.instance_count)", flush=True)
        return
    from training.train import train

    train(folders)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
