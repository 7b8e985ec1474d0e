"""``docker run IMAGE train``: run a training job as SageMaker starts and ends one.

SageMaker provides the table as CSV files with a header, in the channel ``training``. At the end
it keeps the content of ``model`` and ``output`` under ``/opt/ml``.
"""

import os
import signal
import sys
from pathlib import Path

STOPPED = 128 + signal.SIGTERM  # the exit code that a shell reports
REASON_LIMIT = 1000  # characters; SageMaker shows 1,024 of a FailureReason


def main(arguments: list[str]) -> int:
    """Run the job and return the exit code."""
    if arguments != ["train"]:
        print(f"usage: train.py train (given: {arguments})", file=sys.stderr)
        return 2
    # The kernel ignores a signal without a handler for the first process of a container. The
    # handler is set before the imports, which take seconds.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(STOPPED))
    # SAGEMAKER_BASE_DIR moves the tree, as it does in SageMaker's own toolkits.
    return run(Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")))


def run(base: Path) -> int:
    """Run the job and return the exit code.

    SageMaker shows the text of ``output/failure`` as the job's reason.
    """
    from learning import Rejected, learn

    from modelwharf.export import ExportError

    try:
        learn(base)
    except (Rejected, ExportError) as error:
        print(error, file=sys.stderr, flush=True)
        tell(base, str(error))
        return 1
    except Exception as error:
        tell(base, f"{type(error).__name__}: {error}")
        raise  # a fault of this program: the log gets the traceback
    return 0


def tell(base: Path, reason: str) -> None:
    (base / "output").mkdir(parents=True, exist_ok=True)
    (base / "output/failure").write_text(reason[:REASON_LIMIT])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
