"""The processing job: check the series, write them out clean, report what was found."""

import hashlib
import json
from pathlib import Path

from contracts.model import Contract
from training.folders import Folders
from training.plausibility import check_plausible
from training.series import DESCRIPTION_FILE, Dataset, Description, Options, Series, read_dataset

REPORT_FILE = "report.json"


class SeriesReport(Contract):
    """What was found in one series."""

    role: str
    rows: int
    first: str
    last: str
    missing: int
    weekends: int
    largest_gap_days: int
    lowest: float
    highest: float
    source: str
    """File, sheet and column that the prices are from."""


class DataReport(Contract):
    """``report.json``. ``fingerprint`` is the SHA-256 of everything that training reads."""

    fingerprint: str
    rows: int
    products: str
    first: str
    last: str
    missing: int
    largest_gap_days: int
    series: dict[str, SeriesReport]


def prepare(folders: Folders) -> DataReport:
    """Read the raw series, write the clean ones beside a report. Raises Rejected."""
    dataset = read_dataset(folders.processing_input)
    check_plausible(dataset)
    files = clean_files(dataset)
    report = _report(dataset, _fingerprint(files))
    output = folders.processing_output
    output.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (output / name).write_bytes(content)
    _write_json(output / REPORT_FILE, report)
    return report


def clean_files(dataset: Dataset) -> dict[str, bytes]:
    """The data as training reads it: file name → content, the same for the same prices."""
    series = (*dataset.products, *dataset.features)
    options = Options(
        features=tuple(one.name for one in dataset.features),
        max_gap_days=dataset.options.max_gap_days,
        ended=dataset.options.ended,
    )
    description = Description(inputs=tuple(one.name for one in series), options=options)
    files = {f"{one.name}.csv": _csv(one) for one in series}
    files[DESCRIPTION_FILE] = _json(description)
    return files


def _csv(series: Series) -> bytes:
    rows = (f"{day:%Y-%m-%d},{price!r}" for day, price in series.prices.items())
    return "\n".join(("Date,Price", *rows, "")).encode()


def _json(document: Contract) -> bytes:
    return (json.dumps(document.model_dump(mode="json"), indent=2) + "\n").encode()


def _write_json(path: Path, document: Contract) -> None:
    path.write_bytes(_json(document))


def _fingerprint(files: dict[str, bytes]) -> str:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()


def _report(dataset: Dataset, fingerprint: str) -> DataReport:
    products = {one.name: _series_report(one, "product") for one in dataset.products}
    features = {one.name: _series_report(one, "feature") for one in dataset.features}
    found = {**products, **features}
    return DataReport(
        fingerprint=fingerprint,
        rows=sum(one.rows for one in found.values()),
        products=", ".join(products),
        first=min(one.first for one in products.values()),
        last=max(one.last for one in products.values()),
        missing=sum(one.missing for one in found.values()),
        largest_gap_days=max(one.largest_gap_days for one in found.values()),
        series=found,
    )


def _series_report(series: Series, role: str) -> SeriesReport:
    days = series.prices.index
    return SeriesReport(
        role=role,
        rows=len(days),
        first=f"{days[0]:%Y-%m-%d}",
        last=f"{days[-1]:%Y-%m-%d}",
        missing=series.missing,
        weekends=series.weekends,
        largest_gap_days=int(series.gaps.max()),
        lowest=float(series.prices.min()),
        highest=float(series.prices.max()),
        source=series.source,
    )
