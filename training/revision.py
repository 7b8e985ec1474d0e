"""Changes in the past: the data compared with the serving release's data.

Sources revise old prices, and people upload wrong files. A few revised days are a finding for the
person who approves. A file without most of the past, or with another past, is probably the wrong
file, and its model would pass the gate.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from modelwharf.artifact.contract import Contract
from training.rejected import Rejected, in_options
from training.series import DESCRIPTION_FILE, Dataset, Series, read_dataset

SAME = 1e-9  # of the price; a change in a workbook's last digit is not a revision
LARGEST_LOSS = 0.5  # of the serving release's prices


class Revision(Contract):
    """The revision of one series up to ``until``, the serving release's last day.

    ``prices`` is the number that it had. ``replaced`` of the ``revised`` changed by more than the
    median daily change: other prices, not corrections. ``largest_change`` is the new price minus
    the old one.
    """

    until: str
    prices: int
    revised: int = 0
    first_revised: str | None = None
    replaced: int = 0
    largest_change: float | None = None
    largest_change_on: str | None = None
    vanished: int = 0
    first_vanished: str | None = None
    added: int = 0
    first_added: str | None = None

    @property
    def nothing(self) -> bool:
        return not (self.revised or self.vanished or self.added)


def read_previous(folder: Path) -> Dataset | None:
    """The serving release's data, or None. Raises Rejected."""
    if not (folder / DESCRIPTION_FILE).exists():
        return None
    return read_dataset(folder)


def compare(previous: Dataset, dataset: Dataset) -> dict[str, Revision]:
    """Input name → the changes in its past; a new input has none.

    Raises Rejected with every input that lost its past, unless ``options.replaced`` names it.
    """
    before = {one.name: one for one in (*previous.products, *previous.features)}
    found, refusals = {}, []
    for series in (*dataset.products, *dataset.features):
        if series.name not in before:
            continue
        revision = found[series.name] = revise(before[series.name], series)
        if revision.vanished + revision.replaced <= LARGEST_LOSS * revision.prices:
            continue
        confirmed = dataset.options.replaced.get(series.name)
        if confirmed != "always" and (confirmed is None or f"{confirmed}" < revision.until):
            refusals.append(_refusal(before[series.name], series, revision))
    if refusals:
        raise Rejected("; ".join(refusals))
    return found


def revise(before: Series, after: Series) -> Revision:
    old, new = before.prices, after.prices
    new = new[: before.end]
    both = old.index.intersection(new.index)
    change = new[both] - old[both]
    revised = both[~np.isclose(new[both], old[both], rtol=SAME, atol=0)]
    vanished, added = old.index.difference(new.index), new.index.difference(old.index)
    largest = change[revised].abs().idxmax() if len(revised) else None
    usual = float(old.diff().abs().median())
    return Revision(
        until=_day(before.end) or "",
        prices=len(old),
        revised=len(revised),
        first_revised=_first(revised),
        replaced=int((change[revised].abs() > usual).sum()),
        largest_change=None if largest is None else round(float(change[largest]), 9),
        largest_change_on=_day(largest),
        vanished=len(vanished),
        first_vanished=_first(vanished),
        added=len(added),
        first_added=_first(added),
    )


def in_words(name: str, revision: Revision) -> str:
    """A sentence for people, of at most 400 characters."""
    return (
        f"{name}: its prices until {revision.until}, where the data of the serving release end, "
        f"are not the same as there: {', '.join(_changes(revision))}"
    )


def _changes(revision: Revision) -> Iterator[str]:
    if revision.revised:
        yield (
            f"{revision.revised:,} of {revision.prices:,} were revised (the first on "
            f"{revision.first_revised}; the most by {revision.largest_change:+g}, on "
            f"{revision.largest_change_on})"
        )
    if revision.vanished:
        yield f"{revision.vanished:,} are gone (the first on {revision.first_vanished})"
    if revision.added:
        yield f"{revision.added:,} were added (the first on {revision.first_added})"


def gone(previous: Dataset, dataset: Dataset) -> tuple[str, ...]:
    """A sentence for each series of the serving release that is no longer an input."""
    left = {one.name for one in (*dataset.products, *dataset.features)}
    return tuple(
        f"{one.name}: the serving release was trained on it, and it is no longer an input"
        for one in (*previous.products, *previous.features)
        if one.name not in left
    )


def _refusal(before: Series, after: Series, revision: Revision) -> str:
    parts = []
    if revision.vanished:
        spans = f"{_span(after)}, not {_span(before)}"
        parts.append(f"{revision.vanished:,} are gone (the file has {spans})")
    if revision.replaced:
        parts.append(
            f"{revision.replaced:,} differ by more than a usual day's change (the first that "
            f"differs: {revision.first_revised}; the most, by {revision.largest_change:+g}: "
            f"{revision.largest_change_on})"
        )
    option = in_options({"replaced": {after.name: revision.until}})
    return (
        f"{after.name}: of the {revision.prices:,} prices that the serving release was trained on, "
        f"{' and '.join(parts)}; upload the whole history of the same series, or, if it is "
        f"meant to be replaced, say so {option}"
    )


def _span(series: Series) -> str:
    return f"{_day(series.prices.index[0])} to {_day(series.end)}"


def _first(days: pd.Index) -> str | None:
    return _day(days[0]) if len(days) else None


def _day(day: pd.Timestamp | None) -> str | None:
    return None if day is None else f"{day:%Y-%m-%d}"
