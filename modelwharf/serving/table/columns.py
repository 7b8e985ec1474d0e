"""The columns that a model takes, and the checks of rows against them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from modelwharf.serving.refusal import Refusal, shown

Floats = NDArray[np.float64]

CONTENT_TOO_LARGE = 413
ROW_LIMIT = 1 << 20
VALUE_LIMIT = 1 << 22  # 32 MiB as float64, more than 25 MiB of NPY can hold
NAMES_SHOWN = 20


class Columns:
    """The names of a model's columns, in the model's order."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.count = len(self.names)
        self._places = {name: place for place, name in enumerate(self.names)}

    def __str__(self) -> str:
        first = ", ".join(self.names[:NAMES_SHOWN])
        more = self.count - NAMES_SHOWN
        return f"{first} and {more} more" if more > 0 else first

    def others(self, names: Sequence[str]) -> NDArray[np.intp]:
        """Return the indices of the columns that are not named."""
        named = set(names)
        return np.array([n for n, name in enumerate(self.names) if name not in named], np.intp)

    def check_width(self, found: int, row: int) -> None:
        """Check a row's number of values. Rows are counted from 1. Raises Refusal."""
        if found != self.count:
            raise Refusal(
                f"row {row} has {found} value{'s' * (found != 1)}; the model takes {self.count} "
                f"column{'s' * (self.count != 1)}: {self}"
            )

    def check_size(self, rows: int) -> None:
        """Check the number of rows before memory is allocated. Raises Refusal with 413."""
        if rows > ROW_LIMIT or rows * self.count > VALUE_LIMIT:
            most = min(ROW_LIMIT, VALUE_LIMIT // self.count)
            raise Refusal(
                f"{rows} rows in one body; at most {most} rows of {self.count} columns are "
                "answered at once, so send them in several requests",
                status=CONTENT_TOO_LARGE,
            )

    def is_header(self, names: Sequence[str]) -> bool:
        """Whether these names are all the columns, in any order."""
        return len(names) == self.count and set(names) == self._places.keys()

    def order(self, names: Sequence[str], where: str) -> NDArray[np.intp] | None:
        """Return the index in ``names`` of each model column; None when the order is the model's.

        Raises Refusal for a name that is unknown, missing or duplicate; ``where`` says in the
        message where the names come from.
        """
        if tuple(names) == self.names:
            return None
        given = {name: place for place, name in enumerate(names)}
        unknown = [name for name in names if name not in self._places]
        if unknown:
            raise Refusal(f"{where}: unknown column {shown(unknown[0])}; the model takes {self}")
        self.check_once(names, where)
        missing = [name for name in self.names if name not in given]
        if missing:
            raise Refusal(f"{where}: column {missing[0]!r} is missing; the model takes {self}")
        return np.array([given[name] for name in self.names], dtype=np.intp)

    def check_names(self, names: Sequence[str], where: str) -> None:
        """Check the names. Raises Refusal as ``order`` does."""
        self.order(names, where)

    def check_once(self, names: Sequence[str], where: str) -> None:
        """Check for duplicates. Raises Refusal for a column of the model that is named twice."""
        seen: set[str] = set()
        for name in names:
            if name in seen and name in self._places:
                raise Refusal(f"{where}: column {name!r} is there twice")
            seen.add(name)

    def ordered(self, rows: Floats, order: NDArray[np.intp] | None) -> Floats:
        return rows if order is None else np.ascontiguousarray(rows[:, order])
