"""Prices for the tests: seeded random walks on business days, one crash below zero."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training.folders import Folders
from training.options import Options
from training.prepare import prepare
from training.series import Dataset, Series

CRASH = -36.98  # WTI on 2020-04-20


def walk(*, days: int = 800, seed: int = 0, start: str = "2015-01-01") -> pd.Series:
    """A price a business day, some holidays left out, negative on one day."""
    random = np.random.default_rng(seed)
    prices = pd.Series(
        np.round(60 + random.normal(0, 1, days).cumsum(), 2),
        index=pd.bdate_range(start, periods=days),
    )
    holidays = random.choice(days - 10, size=days // 40, replace=False)
    prices = prices.drop(prices.index[holidays])
    middle = len(prices) // 2
    # The next day supports the crash: it is not back where the day before was.
    prices.iloc[middle + 1 :] -= (prices.iloc[middle - 1] - CRASH) / 4
    prices.iloc[middle] = CRASH
    return prices


def series(name: str, prices: pd.Series) -> Series:
    return Series(name, prices, missing=0, weekends=0)


def dataset(
    products: Mapping[str, pd.Series], features: Mapping[str, pd.Series] | None = None
) -> Dataset:
    helping = features or {}
    return Dataset(
        products=tuple(series(name, prices) for name, prices in products.items()),
        features=tuple(series(name, prices) for name, prices in helping.items()),
        options=Options(features=tuple(helping)),
    )


def csv_text(prices: pd.Series) -> str:
    rows = [f"{day:%Y-%m-%d},{price}" for day, price in prices.items()]
    return "\n".join(["Date,Price", *rows, ""])


def write_raw(
    base: Path, files: Mapping[str, pd.Series | str], options: Mapping[str, Any] | None = None
) -> Folders:
    """The processing job's input, as a release writes it."""
    folders = Folders(base)
    folders.processing_input.mkdir(parents=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else csv_text(content)
        (folders.processing_input / f"{name}.csv").write_text(text)
    description = {"inputs": list(files), "options": dict(options or {})}
    (folders.processing_input / "data.json").write_text(json.dumps(description))
    return folders


def prepared(
    base: Path, files: Mapping[str, pd.Series | str], options: Mapping[str, Any] | None = None
) -> Folders:
    """The training job's channel: what the processing job made of the raw files."""
    folders = write_raw(base, files, options)
    prepare(folders)
    folders.channel.parent.mkdir(parents=True)
    folders.processing_output.rename(folders.channel)
    return folders


def write_hyperparameters(folders: Folders, **values: str) -> None:
    folders.hyperparameters.parent.mkdir(parents=True, exist_ok=True)
    folders.hyperparameters.write_text(json.dumps(values))
