"""The trained model's own answers, and the rows to compare."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwharf.artifact.table import Label
from modelwharf.export.converted import Method, Source
from modelwharf.export.errors import CannotExport
from modelwharf.export.graph import Floats
from modelwharf.export.outputs import output_names

METHODS: tuple[Method, ...] = ("predict", "predict_proba", "decision_function")


def library_of(model: Any) -> str:
    """Return the library of the model's class or of its base classes: ``sklearn``, ``torch``, …"""
    names = [base.__module__.partition(".")[0] for base in type(model).__mro__]
    for library in ("lightgbm", "xgboost", "torch", "sklearn"):
        if library in names:
            return library
    return names[0]


def read_columns(model: Any, inputs: Any, columns: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of the inputs' columns: as given, or the data frame's, or the model's.

    If there are several of these, they must agree. Otherwise a caller's numbers would go to other
    columns than the named ones.
    """
    if isinstance(columns, str):
        raise CannotExport(f"columns={columns!r}: give a list of names, one a column")
    framed = getattr(inputs, "columns", None)
    learned = _learned_names(model)
    for named in (columns, framed, learned):
        if named is not None:
            names = tuple(str(one) for one in named)
            break
    else:
        raise CannotExport(
            "the columns have no names: give export.write(..., columns=[…]), one a column of "
            "the inputs, or inputs that are a data frame"
        )
    for others, whose in ((framed, "the inputs' own are"), (learned, "the model learned from")):
        if others is not None and not _same_names(model, names, others):
            raise CannotExport(
                f"columns: {whose} {', '.join(map(str, others))}, in this order, and not "
                f"{', '.join(names)}; give inputs and columns as the model learned them"
            )
    repeated = sorted({one for one in names if names.count(one) > 1})
    if repeated:
        raise CannotExport(f"columns: {repeated[0]!r} is there more than once")
    return names


def read_rows(inputs: Any, names: tuple[str, ...]) -> Floats:
    """Return the inputs as numbers (rows × columns)."""
    given = inputs.toarray() if hasattr(inputs, "toarray") else inputs
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise CannotExport(f"inputs: rows × columns are needed: {error}") from None
    if array.dtype.kind in "cmM":
        raise CannotExport(f"inputs are of {array.dtype}: an exported model takes real numbers")
    if array.ndim != 2 or not len(array):
        raise CannotExport(
            f"inputs: rows × columns with one row at least are needed; got shape {array.shape}"
        )
    if array.shape[1] != len(names):
        raise CannotExport(
            f"inputs have {array.shape[1]} columns and {len(names)} names: {', '.join(names)}"
        )
    try:
        rows: Floats = np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise CannotExport(
            f"inputs: column {_first_text(array, names)!r} has a value that is not a number; "
            "an exported model takes only numbers: encode the column "
            "before the model, or leave it out"
        ) from None
    return rows


def source_of(model: Any, method: Method, inputs: Any, names: tuple[str, ...]) -> Source:
    """Return the model's ``method`` as a function of float64 rows. Raises CannotExport."""
    if method not in METHODS:
        raise CannotExport(f"method={method!r}: allowed are {', '.join(METHODS)}")
    library = library_of(model)
    width = _width(model)
    if width is not None and width != len(names):
        raise CannotExport(
            f"inputs have {len(names)} columns, and the model learned from {width}: "
            "give those, in the same order"
        )
    if library == "torch":
        from modelwharf.export import torch_module

        return torch_module.ask(model, method, len(names))
    if type(model).__name__ == "Booster" and library == "lightgbm":
        from modelwharf.export import lightgbm_trees

        return lightgbm_trees.ask(model, method)
    if type(model).__name__ == "Booster" and library == "xgboost":
        from modelwharf.export import xgboost_trees

        return xgboost_trees.ask(model, method)
    return _estimator(model, method, _framed(model, inputs), len(names))


def _estimator(model: Any, method: Method, framed: Callable[[Floats], Any], columns: int) -> Source:
    answer = getattr(model, method, None)
    if answer is None:
        has = ", ".join(one for one in METHODS if hasattr(model, one))
        raise CannotExport(
            f"{type(model).__name__} has no {method}; it has {has or 'none of the three methods'}"
        )
    classes = getattr(model, "classes_", None)
    if isinstance(classes, list):
        raise CannotExport(
            f"{type(model).__name__} answers {len(classes)} classifications at once; export one "
            "model each"
        )
    if method != "predict" or classes is None:
        width = np.asarray(answer(framed(np.zeros((1, columns))))).reshape(1, -1).shape[1]
        named = () if classes is None else list(classes)
        return Source(
            lambda rows: np.asarray(answer(framed(rows))),
            output_names(method, width, named),
            framed=framed,
        )
    ordered = np.asarray(classes)

    def index(rows: Floats) -> npt.NDArray[Any]:
        places: npt.NDArray[Any] = np.searchsorted(ordered, np.asarray(answer(framed(rows))))
        return places

    labels = tuple(_label(one) for one in ordered.tolist())
    return Source(index, output_names(method, 1), labels, framed)


def _label(value: Any) -> Label:
    if isinstance(value, (bool, int, float, str)):
        return value
    raise CannotExport(f"the class {value!r} is not a truth value, a number or a text")


def _framed(model: Any, inputs: Any) -> Callable[[Floats], Any]:
    if _learned_names(model) is not None and hasattr(inputs, "columns"):
        return lambda rows: type(inputs)(rows, columns=list(inputs.columns))
    return lambda rows: rows


def _learned_names(model: Any) -> Sequence[str] | None:
    """Return the columns that the model was trained with; None when they had no names."""
    if type(model).__name__ == "Booster":
        named = getattr(model, "feature_name", None)
        names = model.feature_names if named is None else named()
    else:
        names = getattr(model, "feature_names_in_", None)
    if names is None or list(names) == [f"Column_{n}" for n in range(len(names))]:
        return None  # LightGBM calls columns without names so
    return [str(one) for one in names]


def _same_names(model: Any, ours: Sequence[str], theirs: Sequence[Any]) -> bool:
    spaced = library_of(model) != "lightgbm"  # LightGBM replaces spaces
    one, other = (
        [str(name) if spaced else str(name).replace(" ", "_") for name in names]
        for names in (ours, theirs)
    )
    return one == other


def _width(model: Any) -> int | None:
    """Return the number of columns the model was trained with, if the model knows it."""
    if type(model).__name__ == "Booster":
        count = getattr(model, "num_feature", None) or model.num_features
        return int(count())
    try:
        return int(model.n_features_in_)
    except AttributeError:  # not trained, or the pipeline begins with "passthrough"
        return None


def _first_text(array: npt.NDArray[Any], names: tuple[str, ...]) -> str:
    for name, column in zip(names, array.T, strict=True):
        try:
            column.astype(np.float64)
        except (TypeError, ValueError):
            return name
    return names[0]
