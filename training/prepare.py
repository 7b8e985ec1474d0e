"""The processing job: check the series, write them clean, and report."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from modelwharf.artifact.contract import Contract
from modelwharf.artifact.evaluation import FINDING, FINDINGS
from training.features import find_examples, find_origins
from training.folders import Folders
from training.hyperparameters import read_hyperparameters
from training.options import Options
from training.plausibility import check_plausible
from training.rejected import Rejected, gathered
from training.revision import Revision, compare, gone, in_words, read_previous
from training.series import DESCRIPTION_FILE, Dataset, Description, Series, read_inputs
from training.split import split

REPORT_FILE = "report.json"


class SeriesReport(Contract):
    """The findings about one series."""

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
    """File, sheet and column of the prices."""


class DataReport(Contract):
    """``report.json``. ``fingerprint`` is the SHA-256 of everything that training reads.

    ``revisions`` has the series whose past differs from the serving release's data.
    """

    fingerprint: str
    rows: int
    products: str
    first: str
    last: str
    missing: int
    largest_gap_days: int
    series: dict[str, SeriesReport]
    revisions: dict[str, Revision] = {}
    findings: tuple[str, ...] = ()
    """What people should know of the data, in sentences; the release's verdict carries them on."""


def prepare(folders: Folders) -> DataReport:
    """Read the raw series, and write the clean ones and a report.

    Raises Rejected, also for data that the training program would refuse.
    """
    reading = read_inputs(folders.processing_input)
    refusals: list[str] = []
    with gathered(refusals):
        check_plausible(reading.series, reading.options)
    try:
        dataset = reading.dataset()
    except Rejected as error:
        raise Rejected("; ".join([str(error), *refusals])) from None
    revisions: dict[str, Revision] = {}
    findings: tuple[str, ...] = ()
    with gathered(refusals):
        revisions, findings = _history(folders.processing_previous, dataset)
    with gathered(refusals):
        _check_trainable(dataset, folders.processing_hyperparameters)
    if refusals:
        raise Rejected("; ".join(refusals))
    files = clean_files(dataset)
    report = _report(dataset, _fingerprint(files)).model_copy(
        update={
            "revisions": revisions,
            "findings": (*_standing_still(dataset), *findings)[:FINDINGS],
        }
    )
    output = folders.processing_output
    output.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (output / name).write_bytes(content)
    _write_json(output / REPORT_FILE, report)
    return report


def _check_trainable(dataset: Dataset, hyperparameters: Path) -> None:
    """Split the data as training does, so that its refusal costs no training job."""
    settings = read_hyperparameters(hyperparameters)
    origins = find_origins(dataset)
    split(origins, find_examples(dataset, origins), settings)


def _standing_still(dataset: Dataset) -> Iterator[str]:
    for one in (*dataset.products, *dataset.features):
        if one.prices.nunique() == 1:
            yield f"{one.name}: all of its {len(one.prices):,} prices are {one.prices.iloc[0]:g}"


def _history(previous: Path, dataset: Dataset) -> tuple[dict[str, Revision], tuple[str, ...]]:
    """The changes since the serving release, also as sentences. Raises Rejected.

    Data of another prepare program are not compared, and refuse no release.
    """
    try:
        before = read_previous(previous)
    except Rejected as error:
        return {}, (f"not compared with the serving release's data: {error}"[:FINDING],)
    if before is None:
        return {}, ()
    revisions = {
        name: found for name, found in compare(before, dataset).items() if not found.nothing
    }
    sentences = (in_words(name, found) for name, found in revisions.items())
    return revisions, (*sentences, *gone(before, dataset))


def clean_files(dataset: Dataset) -> dict[str, bytes]:
    """The data as training reads it: file name → content; equal prices give equal content."""
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
