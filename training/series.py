"""Price series, read from files and checked; other modules rely on that."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError

from modelwharf.artifact.contract import Contract
from modelwharf.artifact.names import DatasetName
from training.columns import Columns, find_columns
from training.faults import Faults
from training.observations import Observations, read_observations
from training.options import Options
from training.rejected import Rejected, gathered, in_options, rejection
from training.table import Table, read_table

DESCRIPTION_FILE = "data.json"
SATURDAY = 5


class Description(Contract):
    """``data.json``: the inputs, and how to read their files."""

    inputs: Annotated[tuple[DatasetName, ...], Field(min_length=1)]
    options: Options = Options()


@dataclass(frozen=True)
class Series:
    """One daily series without gaps: business days, ascending, each with a price.

    ``prices`` is indexed by date. A price may be zero or negative: WTI was -36.98 USD on
    2020-04-20. ``missing`` and ``weekends`` count omitted rows; ``source`` is the file's column of
    prices.
    """

    name: str
    prices: pd.Series
    missing: int
    weekends: int
    source: str = ""

    @property
    def end(self) -> pd.Timestamp:
        return self.prices.index[-1]

    @property
    def gaps(self) -> pd.Series:
        """Calendar days since the price before, for every price but the first."""
        days = self.prices.index.to_series().diff().dt.days
        return days.iloc[1:].astype(int)


@dataclass(frozen=True)
class Dataset:
    """The products that the model forecasts, and the series that are only features."""

    products: tuple[Series, ...]
    features: tuple[Series, ...]
    options: Options


@dataclass(frozen=True)
class Reading:
    """What could be read of the inputs' files, and every fault of them.

    ``series`` has no row with a fault, and no input whose file is unreadable.
    """

    series: tuple[Series, ...]
    options: Options
    refusals: tuple[str, ...]

    def dataset(self) -> Dataset:
        """Raises Rejected, with the faults of all inputs at once."""
        if self.refusals:
            raise Rejected("; ".join(self.refusals))
        features = self.options.features
        dataset = Dataset(
            products=tuple(one for one in self.series if one.name not in features),
            features=tuple(one for one in self.series if one.name in features),
            options=self.options,
        )
        _check_roles(dataset)
        return dataset


def read_dataset(folder: Path) -> Dataset:
    """Read ``data.json`` and the file of each of its inputs.

    Raises Rejected with the faults of all inputs at once.
    """
    return read_inputs(folder).dataset()


def read_inputs(folder: Path) -> Reading:
    """Read what is readable. Raises Rejected if ``data.json`` is not."""
    description = _read_description(folder / DESCRIPTION_FILE)
    options = description.options
    for option, name in options.inputs_named():
        if name not in description.inputs:
            inputs = ", ".join(description.inputs)
            raise Rejected(
                f"options: {option} names {name!r}, which is not an input; the inputs are: {inputs}"
            )
    series: list[Series] = []
    refusals: list[str] = []
    for name in description.inputs:
        with gathered(refusals):
            faults = Faults(name)
            series.append(_read(_file_of(folder, name), options, faults))
            faults.raise_any()
    return Reading(tuple(series), options, tuple(refusals))


def _file_of(folder: Path, name: str) -> Path:
    """The input's file; its suffix is the key's. Raises Rejected."""
    found = [
        path
        for path in sorted(folder.iterdir())
        if path.name.partition(".")[0] == name and path.name != DESCRIPTION_FILE
    ]
    if not found:
        raise Rejected(f"{name}: its file is missing, {name}.csv or another ending")
    return found[0]


def _read_description(path: Path) -> Description:
    if not path.exists():
        raise Rejected(f"{path.name} is missing: it lists the inputs and the options")
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise Rejected(f"{path.name} is not JSON: {error}") from None
    try:
        return Description.model_validate(document)
    except ValidationError as error:
        allowed = ("inputs", "options", *(f"options.{name}" for name in Options.model_fields))
        raise rejection(path.name, error, allowed) from None


def _check_roles(dataset: Dataset) -> None:
    if not dataset.products:
        raise Rejected("options: every input is named in features, so no product is left")
    newest = max(dataset.products, key=lambda one: one.end)
    allowed = pd.Timedelta(days=dataset.options.max_gap_days)
    findings = []
    for one in (*dataset.products, *dataset.features):
        if newest.end - one.end <= allowed:
            continue
        if one.name in dataset.options.features:
            way_out = "or leave it out of features"
        elif one.name in dataset.options.ended:
            continue
        else:
            way_out = f"or, if it has ended for good, say so {in_options({'ended': [one.name]})}"
        findings.append(
            f"{one.name} ends on {one.end:%Y-%m-%d}, but {newest.name} on {newest.end:%Y-%m-%d}: "
            f"a series may lag at most {allowed.days} days (option max_gap_days); bring newer "
            f"data, both in one upload: `wharf data put {newest.name} FILE {one.name} FILE`, "
            f"{way_out}"
        )
    if findings:
        raise Rejected("; ".join(findings))


def read_series(path: Path, name: str, options: Options) -> Series:
    """Read and check one file. Raises Rejected, naming every fault with its line."""
    faults = Faults(name)
    series = _read(path, options, faults)
    faults.raise_any()
    return series


def _read(path: Path, options: Options, faults: Faults) -> Series:
    """The rows without a fault. Raises Rejected if there is no table, or if it lacks a column."""
    name = faults.name
    try:
        table = read_table(path, options.sheet_of(name))
    except Rejected as error:
        raise Rejected(f"{name}: {error}") from None
    columns = find_columns(
        table,
        name,
        path.name,
        options.wanted("date_column", name),
        options.wanted("price_column", name),
    )
    observed = read_observations(columns, options.max_missing_share, faults)
    series, lines = _on_business_days(observed, name, _source(path, table, columns))
    if len(series.prices) >= 2:
        _check_gaps(series, lines, observed.unread, options.max_gap_days, faults)
    elif not faults:
        faults.note(_too_few(series))
    right = ~np.isin(lines, list(faults.lines))
    return replace(series, prices=series.prices[right])


def _source(path: Path, table: Table, columns: Columns) -> str:
    sheet = f", sheet {table.sheet!r}" if table.sheet else ""
    column = columns.price_name or f"number {columns.price + 1}"
    return f"{path.name}{sheet}, column {column!r}"


def _on_business_days(observed: Observations, name: str, source: str) -> tuple[Series, np.ndarray]:
    """The prices in use, and their lines in the file."""
    days = pd.DatetimeIndex(observed.days)
    prices = pd.Series(observed.prices, index=days, name=name)
    there = prices.notna().to_numpy()
    weekend = there & (days.day_of_week >= SATURDAY)
    kept = there & ~weekend
    series = Series(name, prices[kept], int((~there).sum()), int(weekend.sum()), source)
    return series, observed.lines[kept]


def _too_few(series: Series) -> str:
    why = ""
    if series.weekends:
        why = (
            f"; {series.weekends} more fall on a Saturday or Sunday and are left out: if they are "
            "Fridays' prices under the next day's date, move the dates"
        )
    return f"{len(series.prices)} prices on business days, and two are the least{why}"


def _check_gaps(
    series: Series, lines: np.ndarray, unread: np.ndarray, allowed: int, faults: Faults
) -> None:
    gaps = series.gaps.to_numpy()
    days = series.prices.index
    for end in np.flatnonzero(gaps > allowed) + 1:
        first, last = sorted(lines[end - 1 : end + 1])
        if ((first < unread) & (unread < last)).any():
            continue  # their days may fill the gap
        faults.add(
            "gap",
            int(lines[end]),
            f"comes after {gaps[end - 1]} days without a price between {days[end - 1]:%Y-%m-%d} "
            f"and {days[end]:%Y-%m-%d}; allowed are {allowed} (option max_gap_days)",
        )
