"""One run of ``train``: how it ended, and the files it wrote."""

from dataclasses import dataclass
from pathlib import Path

from modelwharf.contracts.model_archive import faults_in
from modelwharf.engines.engine import LogSink
from modelwharf.engines.exit_codes import in_words

JOB = "wharf-doctor"


@dataclass(frozen=True)
class TrainingRun:
    """One run of ``train``. ``code`` None: the engine could not start it, or it was too slow."""

    code: int | None
    lines: tuple[str, ...]
    tree: Path
    seconds: float
    started: bool = True
    killed_for: str | None = None
    left_out: tuple[str, ...] = ()
    """Files in ``/opt/ml`` that could not be kept, in words."""

    @property
    def model_faults(self) -> tuple[str, ...]:
        """What is in the model's folder that SageMaker does not unpack."""
        return tuple(faults_in(self.tree / "model", self.left_out))

    @property
    def model_files(self) -> tuple[str, ...]:
        return files_in(self.tree / "model")

    @property
    def failure(self) -> str:
        path = self.tree / "output" / "failure"
        return path.read_text(errors="replace").strip() if path.is_file() else ""

    @property
    def succeeded(self) -> bool:
        return self.code == 0

    @property
    def ending(self) -> str:
        """How it ended, in words, such as ``exit code 1 after 2.1 s``."""
        if not self.started:
            return "it did not start"
        if self.code is None:
            return f"it had not ended after {self.seconds:.0f} s"
        killed = f": {self.killed_for}" if self.killed_for else ""
        return f"{in_words(self.code)} after {self.seconds:.1f} s{killed}"


def without_root(tree: Path, log: LogSink) -> LogSink:
    """Return a log with the image's own paths.

    Without containers the image's files are next to the tree.
    """
    root = str(tree.parent / "root")
    return lambda line: log(line.replace(root, ""))


def files_in(folder: Path) -> tuple[str, ...]:
    """Return the files below a folder, as relative paths."""
    return tuple(
        sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    )
