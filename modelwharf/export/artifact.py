"""``export.write``: convert, compare, and only then write."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwharf.artifact.table import (
    CONTRACT_FILE,
    HOLDOUT_FILE,
    MODEL_FILES,
    Tolerance,
    write_contract,
)
from modelwharf.export import fallback as fallbacks
from modelwharf.export.candidate import Candidate, Fallback, graph_candidate, library_candidate
from modelwharf.export.converted import Method, Source
from modelwharf.export.errors import CannotExport, ExportError
from modelwharf.export.report import Report
from modelwharf.export.source import read_columns, read_rows, source_of
from modelwharf.export.threads import one_thread

HOLDOUT_ROWS = 1_000  # rows in the artifact; the comparison uses all
MOST_ROWS = 1_000_000  # default limit of rows near thresholds


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

    ``inputs`` (rows × columns, numbers) is the holdout; a data frame brings its columns' names.
    ``method`` is the method whose answers the endpoint returns. ``tolerance`` defaults to zero
    where the graph repeats the library's arithmetic, and to a small one elsewhere (docs/export.md).
    ``fallback`` is used only for a model that cannot be converted or whose graph differs;
    ``trusted`` are the types besides skops' own that its file may hold. ``most_rows`` limits the
    comparison near thresholds.

    Raises CannotExport and ExportDiffers.
    """
    _require_arguments(folder, tolerance, fallback, trusted)
    names = read_columns(model, inputs, columns)
    rows = read_rows(inputs, names)
    with one_thread():
        source = _answering(model, method, inputs, rows, names)
        allowed = Tolerance() if source.labels else tolerance  # labels are equal or not
        try:
            candidate = graph_candidate(model, source, rows, names, method, allowed, most_rows)
        except ExportError as refusal:
            if fallback is None:
                raise
            candidate = library_candidate(
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
        _write(Path(folder), candidate, rows, source)
    return candidate.report


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
        raise CannotExport(f"{folder} is not a folder; the artifact is three files in one")


def _answering(
    model: Any, method: Method, inputs: Any, rows: npt.NDArray[Any], names: tuple[str, ...]
) -> Source:
    """Return the source of the model's answers. Raises CannotExport when it cannot answer its own
    holdout.
    """
    try:
        source = source_of(model, method, inputs, names)
        source.predict(rows)
    except ExportError:
        raise
    except Exception as error:  # each library has its own exceptions, without a common base
        reason = " ".join(str(error).split())[:300]
        raise CannotExport(
            f"{type(model).__name__} itself does not answer the inputs: {reason}",
            "Give a trained model, and inputs as it learned them: a data frame, if it learned "
            "from one",
        ) from error
    return source


def _write(
    folder: Path,
    candidate: Candidate,
    rows: npt.NDArray[Any],
    source: Source,
) -> None:
    """Write the artifact: remove an old contract first, and write the new one last.

    A folder with a contract is therefore a whole artifact, whenever the program is stopped. The
    folder itself is not renamed into place: in a training job it is a mount, with other files.
    """
    few = np.ascontiguousarray(rows[:HOLDOUT_ROWS], dtype=np.float64)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as temporary:
        ready = Path(temporary)
        for name, content in candidate.files.items():
            (ready / name).write_bytes(content)
        np.savez(ready / HOLDOUT_FILE, inputs=few, predictions=source.predict(few))
        (ready / CONTRACT_FILE).write_bytes(write_contract(candidate.contract))
        for name in (CONTRACT_FILE, *({*MODEL_FILES.values()} - {*candidate.files})):
            (folder / name).unlink(missing_ok=True)
        for name in (*candidate.files, HOLDOUT_FILE, CONTRACT_FILE):
            (ready / name).replace(folder / name)
