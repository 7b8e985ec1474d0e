"""The faults of one file, each with its line, in one message."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from training.rejected import Rejected

LINES_SHOWN = 8  # of one kind of fault, besides the first
SHOWN = 40  # characters of a cell


@dataclass
class Faults:
    """The faults of one input's file, grouped by kind in the order they were found.

    ``name`` is the input's. The message has a kind's first fault in full, and the others' lines.
    """

    name: str
    _kinds: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)

    def add(self, kind: str, line: int, text: str) -> None:
        """``text`` continues "line 4 …"; the message groups faults of one ``kind``."""
        self._kinds.setdefault(kind, []).append((line, text))

    def note(self, text: str) -> None:
        """A fault of the whole file."""
        self._notes.append(text)

    @property
    def lines(self) -> set[int]:
        """The lines that have a fault."""
        return {line for found in self._kinds.values() for line, _ in found}

    def __bool__(self) -> bool:
        return bool(self._kinds or self._notes)

    def raise_any(self) -> None:
        """Raise Rejected with all of them, if there are any."""
        if self:
            raise Rejected("; ".join(self._sentences()))

    def _sentences(self) -> Iterator[str]:
        for found in self._kinds.values():
            (line, text), *others = found
            sentence = f"{self.name}: line {line} {text}"
            if others:
                lines = ", ".join(str(one) for one, _ in others[:LINES_SHOWN])
                more = len(others) - LINES_SHOWN
                lines += f" and {more:,} more" if more > 0 else ""
                sentence += f" (the same in line{'s' if len(others) > 1 else ''} {lines})"
            yield sentence
        yield from (f"{self.name}: {note}" for note in self._notes)


def cell_text(text: str) -> str:
    """A cell as a message shows it."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
