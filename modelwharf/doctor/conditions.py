"""The harder conditions that an image is tried under."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

OTHER_USER = "1000:1000"  # any user but root


@dataclass(frozen=True)
class Conditions:
    """The fields of ``modelwharf.engines.engine.Launch``; SageMaker by itself sets none of them."""

    read_only: bool = False
    user: str | None = None
    isolated: bool = False

    def __or__(self, other: "Conditions") -> "Conditions":
        return Conditions(
            self.read_only or other.read_only,
            self.user or other.user,
            self.isolated or other.isolated,
        )


EASY = Conditions()
# What an engine may lack → the condition that needs it.
HARD = {
    "read_only": Conditions(read_only=True),
    "user": Conditions(user=OTHER_USER),
    "isolated": Conditions(isolated=True),
}


def hardest(unsupported: Sequence[str]) -> Conditions:
    """Return all conditions that the engine supports, in one."""
    return reduce(
        Conditions.__or__, (c for name, c in HARD.items() if name not in unsupported), EASY
    )
