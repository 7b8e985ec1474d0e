"""Commits, each unlike every other, and how the release of each has to end."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

TRAINING = "training/program.py"
INFERENCE = "inference/program.py"
DOCKERFILE = "containers/training/Dockerfile"
STEP = 10  # between two models' answers; a server that answers wrongly is off by 1
DATA_MEAN = 2.0  # of tests.release.team.NUMBERS

Files = dict[str, str]


@dataclass(frozen=True)
class Kind:
    """``error`` is that of the release of such a commit, "" where it succeeds."""

    name: str
    weight: int
    change: Callable[[Files, int], None]
    error: str = ""
    words: str = ""
    """What the reason has to say."""
    off: int = 0
    """By how much its server's answers differ from what its training promised."""
    may_be_skipped: bool = False


@dataclass(frozen=True)
class Pushed:
    """``number`` makes it unlike the others; ``model`` is the number of the model it trains."""

    commit: str
    kind: Kind
    number: int
    model: int

    @property
    def answer(self) -> float:
        """What its server answers to ``{"add": 0}``."""
        return DATA_MEAN + STEP * self.model + self.kind.off

    @property
    def may_answer(self) -> bool:
        """Whether callers may reach it: Verify asks after the switch (docs/decisions/0023)."""
        return self.kind.error in ("", "VerificationFailed")


def replaced(files: Files, path: str, old: str, new: str) -> None:
    if old not in files[path]:
        raise ValueError(f"{path} has no {old!r} to replace")
    files[path] = files[path].replace(old, new)


def _docs(files: Files, number: int) -> None:
    files["README.md"] = f"{number}\n"


def _training_fails(files: Files, number: int) -> None:
    failure = f'(ML / "output/failure").write_text("chaos in training {number}")'
    replaced(
        files,
        TRAINING,
        "def train() -> int:\n",
        f"def train() -> int:\n    {failure}\n    return 1\n",
    )


def _build_fails(files: Files, number: int) -> None:
    files[DOCKERFILE] += f"RUN no-such-program-{number}\n"


def _poor(files: Files, number: int) -> None:
    replaced(files, TRAINING, "'accuracy', '0.9'", "'accuracy', '0.1'")


def _answers_otherwise(files: Files, number: int) -> None:
    replaced(files, INFERENCE, '"honestly"', '"differently"')


def _unhealthy(files: Files, number: int) -> None:
    replaced(files, INFERENCE, '"honestly"', '"unhealthy"')


GOOD = Kind("good", 8, lambda files, number: None)
KINDS = (
    GOOD,
    Kind("documentation", 2, _docs, may_be_skipped=True),
    Kind("training fails", 1, _training_fails, "TrainingFailed", "chaos in training"),
    Kind("build fails", 1, _build_fails, "BuildFailed", "no-such-program"),
    Kind("poor model", 1, _poor, "QualityBelowThreshold", "accuracy"),
    Kind("answers otherwise", 1, _answers_otherwise, "VerificationFailed", "sum", off=1),
    Kind("never healthy", 1, _unhealthy, "DeploymentFailed", "ping"),
)


class Commits:
    """Draws what is committed next. Each starts from the last good files, not the last commit's."""

    def __init__(self, chance: random.Random, repository: Path) -> None:
        self._chance = chance
        paths = (TRAINING, INFERENCE, DOCKERFILE)
        self._files = {path: (repository / path).read_text() for path in paths}
        self._number = 0
        self._model = 0

    def next(self, kind: Kind | None = None) -> tuple[Kind, int, int, Mapping[str, str]]:
        """Kind, number, model's number and the files to commit."""
        kind = kind or self._chance.choices(KINDS, [one.weight for one in KINDS])[0]
        self._number += 1
        if not kind.may_be_skipped:
            self._model = self._number
        files = dict(self._files)
        mean = "mean = sum(numbers) / len(numbers)"
        replaced(files, TRAINING, mean, f"{mean} + {STEP * self._model}")
        kind.change(files, self._number)
        return kind, self._number, self._model, files
