"""The user's options for their data: ``options`` of the ``data`` parameter."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from modelwharf.artifact.contract import Contract
from modelwharf.artifact.names import DatasetName
from training.columns import Wanted

NAMING_INPUTS = (
    "features",
    "date_column",
    "price_column",
    "sheet",
    "confirmed",
    "ended",
    "replaced",
)

Named = dict[DatasetName, str]
"""Input name → the name in that input's file."""


class Options(Contract):
    """``features`` names the inputs that are not products."""

    features: tuple[str, ...] = ()
    date_column: str | Named = "Date"
    price_column: str | Named = "Price"
    sheet: str | Named | None = None
    """The sheet of a workbook; by default the only one with days in it."""
    max_gap_days: Annotated[int, Field(ge=1, le=366)] = 10
    """Calendar days between two neighbouring prices."""
    max_missing_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of rows without a price; some sources list exchange holidays so."""
    confirmed: dict[DatasetName, tuple[date, ...] | Literal["all"]] = {}
    """Input name → days with a correct price that no neighbour supports."""
    ended: tuple[DatasetName, ...] = ()
    """Products that may end long before the others."""
    replaced: dict[DatasetName, date | Literal["always"]] = {}
    """Input name → the day up to which its past may differ from the serving release's."""

    def wanted(self, option: Literal["date_column", "price_column"], name: str) -> Wanted:
        """The column's name for an input, or the default."""
        value: str | Named = getattr(self, option)
        default: str = type(self).model_fields[option].default
        if isinstance(value, dict):
            return Wanted(option, value.get(name, default), name in value)
        return Wanted(option, value, option in self.model_fields_set)

    def sheet_of(self, name: str) -> str | None:
        return self.sheet.get(name) if isinstance(self.sheet, dict) else self.sheet

    def inputs_named(self) -> Iterator[tuple[str, str]]:
        """Every option that names inputs."""
        for option in NAMING_INPUTS:
            value = getattr(self, option)
            if not isinstance(value, str):
                yield from ((option, name) for name in value or ())
