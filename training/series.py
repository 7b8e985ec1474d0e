"""Price series: read from CSV and checked, so that everything behind may trust them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError

from contracts.model import Contract
from contracts.parameters import DatasetName
from training.rejected import Rejected, rejection

DESCRIPTION_FILE = "data.json"
FIRST_DATA_LINE = 2  # the header is line 1
SATURDAY = 5
LARGEST_PRICE = 1e12  # either side of zero; beyond it sums and squares lose their cents


class Options(Contract):
    """What the user may say of their data. ``features`` names the inputs that only help."""

    features: tuple[str, ...] = ()
    date_column: str = "Date"
    price_column: str = "Price"
    max_gap_days: Annotated[int, Field(ge=1, le=366)] = 10
    """Calendar days between two neighbouring prices."""
    max_missing_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of rows without a price, as exchanges' holidays are in some sources."""


class Description(Contract):
    """``data.json``: which CSV files are there, and how to read them."""

    inputs: Annotated[tuple[DatasetName, ...], Field(min_length=1)]
    options: Options = Options()


@dataclass(frozen=True)
class Series:
    """One daily series without holes: business days, ascending, each with a price.

    ``prices`` is indexed by date. A price may be zero or negative: WTI was -36.98 USD on
    2020-04-20. ``missing`` and ``weekends`` count rows that were left out.
    """

    name: str
    prices: pd.Series
    missing: int
    weekends: int

    @property
    def gaps(self) -> pd.Series:
        """Calendar days since the price before, for every price but the first."""
        days = self.prices.index.to_series().diff().dt.days
        return days.iloc[1:].astype(int)


@dataclass(frozen=True)
class Dataset:
    """The products that the model forecasts, and the series that only help to."""

    products: tuple[Series, ...]
    features: tuple[Series, ...]
    options: Options


def read_dataset(folder: Path) -> Dataset:
    """Read ``data.json`` and the CSV file of each of its inputs.

    Raises Rejected for whatever is wrong in them.
    """
    description = _read_description(folder / DESCRIPTION_FILE)
    options = description.options
    for name in options.features:
        if name not in description.inputs:
            inputs = ", ".join(description.inputs)
            raise Rejected(f"options: features names {name!r}, which is no input; inputs: {inputs}")
    series = [read_series(folder / f"{name}.csv", name, options) for name in description.inputs]
    dataset = Dataset(
        products=tuple(one for one in series if one.name not in options.features),
        features=tuple(one for one in series if one.name in options.features),
        options=options,
    )
    _check_roles(dataset)
    return dataset


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
    allowed = pd.Timedelta(days=dataset.options.max_gap_days)
    for product in dataset.products:
        end = product.prices.index[-1]
        for feature in dataset.features:
            feature_end = feature.prices.index[-1]
            if end - feature_end > allowed:
                raise Rejected(
                    f"{feature.name} ends on {feature_end:%Y-%m-%d}, but {product.name} on "
                    f"{end:%Y-%m-%d}: a feature may lag at most {allowed.days} days "
                    "(option max_gap_days); bring newer data, or leave it out of features"
                )


def read_series(path: Path, name: str, options: Options) -> Series:
    """Read and check one CSV file. Raises Rejected, naming the line."""
    table = _read_table(path, name, options)
    dates = _dates(table[options.date_column], name)
    prices, missing = _prices(table[options.price_column], name, options)
    _check_order(dates, name)
    priced = pd.Series(prices, index=pd.DatetimeIndex(dates), name=name).dropna()
    weekend = pd.DatetimeIndex(priced.index).day_of_week >= SATURDAY
    series = Series(name, priced[~weekend], missing, int(weekend.sum()))
    _check_gaps(series, options)
    return series


def _read_table(path: Path, name: str, options: Options) -> pd.DataFrame:
    if not path.exists():
        raise Rejected(f"{name}: the file {path.name} is missing")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise Rejected(f"{name}: {path.name} is empty") from None
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        raise Rejected(f"{name}: {path.name} is not a CSV file in UTF-8: {error}") from None
    for column in (options.date_column, options.price_column):
        if column not in table.columns:
            found = ", ".join(str(one) for one in table.columns)
            raise Rejected(
                f"{name}: column {column!r} is missing; {path.name} has: {found} "
                "(options date_column and price_column name other columns)"
            )
    if table.empty:
        raise Rejected(f"{name}: {path.name} has a header, but no rows")
    return table


def _dates(column: pd.Series, name: str) -> pd.Series:
    # pandas would take words such as "today" for dates, whatever the format.
    written = column.where(column.str.fullmatch(r"\d{4}-\d{2}-\d{2}"))
    dates = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce")
    if dates.isna().any():
        line = int(dates.isna().to_numpy().argmax())
        raise Rejected(
            f"{name}: line {line + FIRST_DATA_LINE} has the date {column.iloc[line]!r}; "
            "dates are written YYYY-MM-DD"
        )
    return dates


def _prices(column: pd.Series, name: str, options: Options) -> tuple[np.ndarray, int]:
    text = column.str.strip()
    blank = (text == "").to_numpy()
    prices = pd.to_numeric(text.where(~blank, "0"), errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(prices)
    if wrong.any():
        line = int(wrong.argmax())
        raise Rejected(
            f"{name}: line {line + FIRST_DATA_LINE} has the price {column.iloc[line]!r}; "
            "a price is a finite number, or empty for a day without one"
        )
    large = np.abs(prices) > LARGEST_PRICE
    if large.any():
        line = int(large.argmax())
        raise Rejected(
            f"{name}: line {line + FIRST_DATA_LINE} has the price {column.iloc[line]!r}; a price "
            f"is at most {LARGEST_PRICE:.0e} either side of zero: write it in a larger unit"
        )
    share = float(blank.mean())
    if share > options.max_missing_share:
        line = int(blank.argmax()) + FIRST_DATA_LINE
        raise Rejected(
            f"{name}: {share:.1%} of the prices are missing (first: line {line}); "
            f"allowed are {options.max_missing_share:.1%} (option max_missing_share)"
        )
    return np.where(blank, np.nan, prices), int(blank.sum())


def _check_order(dates: pd.Series, name: str) -> None:
    step = dates.diff().dt.days.to_numpy()
    wrong = step <= 0  # the first is NaN, which compares false
    if not wrong.any():
        return
    position = int(wrong.argmax())
    line, day = position + FIRST_DATA_LINE, f"{dates.iloc[position]:%Y-%m-%d}"
    if step[position] == 0:
        raise Rejected(f"{name}: line {line} repeats the date {day}; a day has one price")
    raise Rejected(
        f"{name}: line {line} ({day}) is before line {line - 1} "
        f"({dates.iloc[position - 1]:%Y-%m-%d}); sort the rows by date"
    )


def _check_gaps(series: Series, options: Options) -> None:
    if len(series.prices) < 2:
        raise Rejected(f"{series.name}: fewer than two prices on business days")
    gaps = series.gaps
    if gaps.max() > options.max_gap_days:
        end = int(gaps.to_numpy().argmax()) + 1
        days = series.prices.index
        raise Rejected(
            f"{series.name}: {gaps.max()} days without a price between {days[end - 1]:%Y-%m-%d} "
            f"and {days[end]:%Y-%m-%d}; allowed are {options.max_gap_days} (option max_gap_days)"
        )
