"""Candidates for the artifact: the model as a graph, or the model itself, with contract and report.

Both are compared with the trained model before anything is written.
"""

from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from modelwharf.artifact.table import MODEL_FILES, TableContract, Tolerance
from modelwharf.export import fallback as fallbacks
from modelwharf.export.adversarial import Batch
from modelwharf.export.comparison import Comparer
from modelwharf.export.converted import Converted, Method, Source
from modelwharf.export.errors import CannotExport, no_conversion
from modelwharf.export.libraries import convert
from modelwharf.export.limits import limits, limits_of_library, require_holdout
from modelwharf.export.report import Report
from modelwharf.export.runtime import Predict, as_matrix, runner
from modelwharf.export.source import source_of
from modelwharf.export.verification import default_tolerance, verify, verify_parts

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
class Candidate:
    """The model's files by name, their contract, and the result of the comparison."""

    files: dict[str, bytes]
    contract: TableContract
    report: Report


def graph_candidate(
    model: Any,
    source: Source,
    rows: npt.NDArray[Any],
    names: tuple[str, ...],
    method: Method,
    tolerance: Tolerance | None,
    most_rows: int,
) -> Candidate:
    """Convert the model to a graph and verify it. Raises CannotExport, ExportDiffers."""
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
    verdict = verify_parts(verdict, converted, source.framed, rows, names, most_rows)
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
        "onnx", verdict.rows, verdict.near_thresholds, verdict.difference, verdict.exact, tolerance
    )
    content = converted.proto.SerializeToString(deterministic=True)
    return Candidate({MODEL_FILES["onnx"]: content}, contract, report)


def _loaded(model: Any, converted: Converted) -> Predict:
    try:
        return runner(converted.proto)
    except Exception as error:  # onnxruntime's errors have no common base
        reason = " ".join(str(error).split())[:300]
        raise no_conversion(
            type(model).__name__, f"onnxruntime does not run its graph: {reason}"
        ) from error


def library_candidate(
    model: Any,
    source: Source,
    rows: npt.NDArray[Any],
    names: tuple[str, ...],
    method: Method,
    tolerance: Tolerance | None,
    kind: Fallback,
    trusted: tuple[str, ...],
    reason: str,
) -> Candidate:
    """Use the model itself, because of ``reason``. Raises CannotExport, ExportDiffers."""
    content = fallbacks.dump(model, kind, trusted)
    again = _as_served(fallbacks.load(content, kind, trusted), method, rows, names)
    allowed = tolerance or Tolerance()
    comparer = Comparer(source.predict, again.predict, allowed, names, source.labels)
    whole = comparer.compare([Batch.of(rows)])
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
    return Candidate({MODEL_FILES[kind]: content}, contract, report)


def _as_served(
    model: Any, method: Method, rows: npt.NDArray[Any], names: tuple[str, ...]
) -> Source:
    """Return the source of a model that is called as the server calls it: numbers without names."""
    try:
        source = source_of(model, method, rows, names)
        source.predict(rows)
    except Exception as error:  # each library has its own exceptions, without a common base
        reason = " ".join(str(error).split())[:300]
        raise CannotExport(
            f"{type(model).__name__} does not answer rows without column names, which is how the "
            f"server asks a fallback: {reason}",
            "Choose columns by number in its steps, and train it again",
        ) from error
    return source


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
