"""``export.write``: convert, compare, and only then write."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from contracts.documents import write_json
from contracts.table import (
    CONTRACT_FILE,
    HOLDOUT_FILE,
    MODEL_FILES,
    TableContract,
    Tolerance,
)
from export import fallback as fallbacks
from export.adversarial import beside_nothing, beside_thresholds, random_rows
from export.comparison import Comparer, Comparison
from export.converted import Converted, Method, Part, Source
from export.errors import CannotExport, ExportError, no_conversion
from export.libraries import convert
from export.limits import Limits, limits, limits_of_library, require_holdout
from export.runtime import Predict, as_matrix, runner
from export.source import read_columns, read_rows, source_of
from export.threads import one_thread

HOLDOUT_ROWS = 1_000  # shipped; the comparison takes all
RANDOM_ROWS = 5_000
MOST_ROWS = 1_000_000  # beside thresholds, unless told otherwise
SEED = 0
LIBRARIES = (
    "scikit-learn",
    "lightgbm",
    "xgboost",
    "xgboost-cpu",
    "torch",
    "skl2onnx",
    "onnx",
    "onnxruntime",
    "numpy",
)

Fallback = Literal["skops", "pickle"]


@dataclass(frozen=True)
class Report:
    """What was written, and how it compared.

    ``rows`` were compared, ``beside`` of them beside thresholds. ``difference`` is the largest
    on the inputs and beside thresholds, in absolute terms; ``exact``: there was none at all, on
    random rows neither. ``reason`` says why the fallback was taken, "" when it was not.
    """

    runtime: Literal["onnx", "skops", "pickle"]
    rows: int
    beside: int
    difference: float
    exact: bool
    tolerance: Tolerance
    reason: str = ""

    def __str__(self) -> str:
        near = "equal to the last bit" if self.exact else f"equal within {self.tolerance}"
        why = f"; not ONNX, for {self.reason}" if self.reason else ""
        return (
            f"exported runtime={self.runtime} rows={self.rows} beside_thresholds={self.beside} "
            f"largest_difference={self.difference:.3g}: {near}{why}"
        )


@dataclass(frozen=True)
class Verdict:
    """A comparison that found nothing outside the tolerance; see Report."""

    rows: int
    beside: int
    difference: float
    exact: bool

    def and_of_part(self, part: "Verdict") -> "Verdict":
        """With a part's own rows; its differences are of other numbers than the answers'."""
        return Verdict(
            rows=self.rows + part.rows,
            beside=self.beside + part.beside,
            difference=self.difference,
            exact=self.exact and part.exact,
        )


def write(
    model: Any,
    folder: str | os.PathLike[str],
    *,
    inputs: Any,
    columns: Sequence[str] | None = None,
    method: Method = "predict",
    tolerance: Tolerance | None = None,
    fallback: Fallback | None = None,
    trusted: Sequence[str] = (),
    most_rows: int = MOST_ROWS,
) -> Report:
    """Write the artifact of a trained model, or nothing.

    ``inputs`` (rows × columns, numbers) is the holdout; a data frame names the columns itself.
    ``method`` is what the endpoint answers. ``tolerance`` defaults to none at all where the
    graph repeats the library's arithmetic, and to a small one elsewhere (docs/export.md).
    ``fallback`` is taken only for a model that cannot be converted or differs; ``trusted`` are
    the types beyond skops' own that its file may hold. ``most_rows`` bounds the comparison
    beside thresholds.

    Raises CannotExport and ExportDiffers.
    """
    _require_arguments(folder, tolerance, fallback, trusted)
    names = read_columns(model, inputs, columns)
    rows = read_rows(inputs, names)
    with one_thread():
        source = _answering(model, method, inputs, rows, names)
        allowed = Tolerance() if source.labels else tolerance  # no number of labels is near
        try:
            files, contract, report = _converted(
                model, source, rows, names, method, allowed, most_rows
            )
        except ExportError as refusal:
            if fallback is None:
                raise
            files, contract, report = _itself(
                model,
                source,
                rows,
                names,
                method,
                allowed,
                fallback,
                tuple(trusted),
                refusal.reason,
            )
        _write(Path(folder), files, contract, rows, source)
    return report


def _require_arguments(
    folder: str | os.PathLike[str],
    tolerance: object,
    fallback: object,
    trusted: object,
) -> None:
    if fallback not in (None, *fallbacks.KINDS):
        raise CannotExport(f'fallback={fallback!r}: allowed are None, "skops" and "pickle"')
    if not isinstance(tolerance, Tolerance | None):
        raise CannotExport(
            f"tolerance={tolerance!r}: give export.Tolerance(relative=…, absolute=…)"
        )
    if isinstance(trusted, str):
        raise CannotExport(f"trusted={trusted!r}: give a list of types, as [{trusted!r}]")
    if Path(folder).exists() and not Path(folder).is_dir():
        raise CannotExport(f"{folder} is no folder; the artifact is three files in one")


def _answering(
    model: Any, method: Method, inputs: Any, rows: npt.NDArray[Any], names: tuple[str, ...]
) -> Source:
    """The model's answers. Raises CannotExport when it has none to its own holdout."""
    try:
        source = source_of(model, method, inputs, names)
        source.predict(rows)
    except ExportError:
        raise
    except Exception as error:  # each library has its own, without a common base
        reason = " ".join(str(error).split())[:300]
        raise CannotExport(
            f"{type(model).__name__} itself does not answer the inputs: {reason}",
            "Give a trained model, and inputs as it learned them: a data frame, if it learned "
            "from one",
        ) from error
    return source


def default_tolerance(converted: Converted, trained: npt.NDArray[Any]) -> Tolerance:
    """What two correct programs may differ by; ``trained`` answers give the scale."""
    if converted.exactness == "bits":
        return Tolerance()
    relative, absolute = {"float64": (1e-9, 1e-12), "float32": (1e-5, 1e-6)}[converted.exactness]
    finite = trained[np.isfinite(trained)]
    return Tolerance(relative=relative, absolute=absolute * float(np.abs(finite).max(initial=0.0)))


def verify(
    converted: Converted,
    trained: Predict,
    rows: npt.NDArray[Any],
    comparer: Comparer,
    most_rows: int,
    taken: Limits | None = None,
) -> Verdict:
    """Compare on the holdout, on random rows and beside each threshold; ``taken`` are the trained
    model's limits, if they are known."""
    random = np.random.default_rng(SEED)
    taken = taken or limits(trained, rows)
    missing = taken.missing
    on_rows = comparer.compare([beside_nothing(rows)])
    comparer.compare_one_by_one(rows)
    infinite = taken.infinite if converted.dtype == "float64" else None
    drawn = random_rows(rows, RANDOM_ROWS, missing, random, taken.by_column, infinite)
    on_random = comparer.compare([drawn])
    beside = Comparison(0, 0.0)
    if converted.trees is not None:
        beside = comparer.compare(
            beside_thresholds(converted.trees, rows, most_rows, missing, random)
        )
    return Verdict(
        rows=on_rows.rows + on_random.rows + beside.rows,
        beside=beside.rows,
        difference=max(on_rows.largest, beside.largest),
        exact=max(on_rows.largest, beside.largest, on_random.largest) == 0.0,
    )


def _converted(
    model: Any,
    source: Source,
    rows: npt.NDArray[Any],
    names: tuple[str, ...],
    method: Method,
    tolerance: Tolerance | None,
    most_rows: int,
) -> tuple[dict[str, bytes], TableContract, Report]:
    converted = convert(model, method, len(names))
    if converted.dtype == "float32":
        rows = rows.astype(np.float32)
    exported = _loaded(model, converted)
    if tolerance is None:
        tolerance = default_tolerance(converted, as_matrix(source.predict(rows)))
    comparer = Comparer(source.predict, exported, tolerance, names, source.labels)
    taken = limits(source.predict, rows)
    require_holdout(taken, rows, names)
    verdict = verify(converted, source.predict, rows, comparer, most_rows, taken)
    verdict = _with_parts(verdict, converted, source.framed, rows, names, most_rows)
    contract = TableContract(
        columns=names,
        dtype=converted.dtype,
        outputs=source.outputs,
        labels=source.labels,
        method=method,
        **taken.in_contract(names),
        tolerance=tolerance,
        difference=verdict.difference,
        libraries=_versions(),
    )
    report = Report(
        "onnx", verdict.rows, verdict.beside, verdict.difference, verdict.exact, tolerance
    )
    content = converted.proto.SerializeToString(deterministic=True)
    return {MODEL_FILES["onnx"]: content}, contract, report


def _with_parts(
    verdict: Verdict,
    converted: Converted,
    framed: Callable[[npt.NDArray[Any]], Any],
    rows: npt.NDArray[Any],
    names: Sequence[str],
    most_rows: int,
) -> Verdict:
    for part in converted.parts:
        predict, inner, inside = _of_part(part, framed), rows, names
        if part.before is not None:
            made = part.before(framed(rows))
            if hasattr(made, "toarray"):  # what an encoder makes may be sparse
                made = made.toarray()
            inner = np.ascontiguousarray(made, dtype=np.float64)
            inside = [f"{part.name} column {number}" for number in range(inner.shape[1])]
        exported = runner(part.converted.proto)
        tolerance = default_tolerance(part.converted, as_matrix(predict(inner)))
        own = Comparer(predict, exported, tolerance, inside, where=part.name)
        verdict = verdict.and_of_part(verify(part.converted, predict, inner, own, most_rows))
        verdict = _with_parts(
            verdict,
            part.converted,
            framed if part.before is None else lambda rows: rows,
            inner,
            inside,
            most_rows,
        )
    return verdict


def _of_part(part: Part, framed: Callable[[npt.NDArray[Any]], Any]) -> Predict:
    if part.before is not None:
        return part.predict
    return lambda rows: part.predict(framed(rows))


def _loaded(model: Any, converted: Converted) -> Predict:
    try:
        return runner(converted.proto)
    except Exception as error:  # onnxruntime's errors have no common base
        reason = " ".join(str(error).split())[:300]
        raise no_conversion(
            type(model).__name__, f"onnxruntime does not run its graph: {reason}"
        ) from error


def _itself(
    model: Any,
    source: Source,
    rows: npt.NDArray[Any],
    names: tuple[str, ...],
    method: Method,
    tolerance: Tolerance | None,
    kind: Fallback,
    trusted: tuple[str, ...],
    reason: str,
) -> tuple[dict[str, bytes], TableContract, Report]:
    content = fallbacks.dump(model, kind, trusted)
    again = _as_served(fallbacks.load(content, kind, trusted), method, rows, names)
    allowed = tolerance or Tolerance()
    comparer = Comparer(source.predict, again.predict, allowed, names, source.labels)
    whole = comparer.compare([beside_nothing(rows)])
    contract = TableContract(
        runtime=kind,
        columns=names,
        outputs=source.outputs,
        labels=source.labels,
        trusted=trusted,
        method=method,
        **limits_of_library(source.predict, rows).in_contract(names),
        tolerance=allowed,
        difference=whole.largest,
        libraries=_versions(),
    )
    report = Report(kind, whole.rows, 0, whole.largest, whole.largest == 0.0, allowed, reason)
    return {MODEL_FILES[kind]: content}, contract, report


def _as_served(
    model: Any, method: Method, rows: npt.NDArray[Any], names: tuple[str, ...]
) -> Source:
    """The answers of a model that is asked as the server asks it: numbers without names."""
    try:
        source = source_of(model, method, rows, names)
        source.predict(rows)
    except Exception as error:  # each library has its own, without a common base
        reason = " ".join(str(error).split())[:300]
        raise CannotExport(
            f"{type(model).__name__} does not answer rows without column names, which is how the "
            f"server asks a fallback: {reason}",
            "Choose columns by number in its steps, and train it again",
        ) from error
    return source


def _write(
    folder: Path,
    files: dict[str, bytes],
    contract: TableContract,
    rows: npt.NDArray[Any],
    source: Source,
) -> None:
    """An older model's contract goes first and the new one comes last.

    So a folder with a contract is a whole artifact, whenever the program is stopped. The folder
    itself is not renamed into its place: in a training job it is a mount, with other files.
    """
    few = np.ascontiguousarray(rows[:HOLDOUT_ROWS], dtype=np.float64)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as beside:
        ready = Path(beside)
        for name, content in files.items():
            (ready / name).write_bytes(content)
        np.savez(ready / HOLDOUT_FILE, inputs=few, predictions=source.predict(few))
        (ready / CONTRACT_FILE).write_text(write_json(contract), encoding="utf-8")
        for name in (CONTRACT_FILE, *({*MODEL_FILES.values()} - {*files})):
            (folder / name).unlink(missing_ok=True)
        for name in (*files, HOLDOUT_FILE, CONTRACT_FILE):
            (ready / name).replace(folder / name)


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
