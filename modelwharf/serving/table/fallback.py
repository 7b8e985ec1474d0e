"""The trained model itself, where no ONNX graph can hold it: slow, and labelled as such.

Only this part of the server needs the model's libraries, which are imported here.
"""

import logging
import os
import pickle
import warnings
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from modelwharf.artifact.table import CONTRACT_FILE, Label, TableContract
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.served import ModelBroken
from modelwharf.serving.table.columns import Floats

ALLOW_PICKLE = "WHARF_ALLOW_PICKLE"
REQUIREMENTS = "containers/inference/requirements-skops.txt"
# Errors that libraries and users' own functions raise for bad rows. Others are faults: 500.
REFUSALS = (ValueError, TypeError, LookupError, ArithmeticError)
LOG = logging.getLogger("inference")


class FallbackRunner:
    """Calls the trained model's own method."""

    def __init__(self, model: Any, contract: TableContract, description: str) -> None:
        self.description = description
        self._predict = getattr(model, contract.method)
        self._dtype = np.dtype(contract.dtype)
        self._places: dict[Label, int] = {label: n for n, label in enumerate(contract.labels)}

    @classmethod
    def load(cls, path: Path, contract: TableContract, environment: Mapping[str, str]) -> Self:
        """Load the model. Raises ModelBroken for untrusted types, a pickle that the operator did
        not name, or a missing library.
        """
        # Set before its libraries start: OpenMP's threads do not survive a fork, and with several
        # threads one row took 23 ms on a busy machine.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        if contract.runtime == "pickle":
            model = _unpickled(path, environment)
        else:
            model = _skops(path, contract)
        if not hasattr(model, contract.method):
            raise ModelBroken(
                f"{path} holds a {type(model).__name__}, which has no {contract.method}"
            )
        _use_one_thread(model)
        # The rows are an array, even for a model that was trained on a data frame.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        with_what = f"{type(model).__name__} of {_version(model)}, from {path.name}"
        LOG.warning("%s is served by the slow fallback: %s", path, with_what)
        return cls(model, contract, f"the slow fallback: {with_what}")

    def run(self, rows: Floats) -> NDArray[Any]:
        """Return the result of the model's method; labels as their indices. Raises Refusal."""
        try:
            answers = np.asarray(self._predict(rows.astype(self._dtype, copy=False)))
        except REFUSALS as error:  # the holdout has shown that the columns are right
            reason = str(error).partition("\n")[0][:300]
            if not isinstance(error, ValueError):  # "KeyError: nan": the text alone says little
                reason = f"{type(error).__name__}: {reason}"
            raise Refusal(f"the model refuses these rows: {reason}") from None
        if not self._places:
            return answers
        return np.array([self._places[label] for label in answers.ravel().tolist()], np.intp)


def _skops(path: Path, contract: TableContract) -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise _not_installed(path, error) from None
    trusted = set(contract.trusted)
    try:
        unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - trusted)
        if unknown:
            raise ModelBroken(
                f"{path} holds types that skops does not know as harmless: {', '.join(unknown)}. "
                f"Their code would run here. If you trust it, export again with trusted={unknown}, "
                f'or add them to "trusted" in {CONTRACT_FILE}'
            )
        return skops.io.load(path, trusted=sorted(trusted))
    except (ModelBroken, MemoryError):
        raise
    except ImportError as error:
        raise _not_installed(path, error) from None
    except Exception as error:  # a damaged file may raise anything
        raise ModelBroken(f"{path} is not a model that skops wrote: {_first_line(error)}") from None


def _unpickled(path: Path, environment: Mapping[str, str]) -> Any:
    if environment.get(ALLOW_PICKLE) != path.name:
        raise ModelBroken(
            f"{path} is a pickle, and loading one can run any code that its writer chose. If you "
            f"trust its writer, set {ALLOW_PICKLE}={path.name}; otherwise export the model "
            'as ONNX, or with fallback="skops"'
        )
    try:
        return pickle.loads(path.read_bytes())  # noqa: S301 (the operator named this file)
    except MemoryError:
        raise
    except ImportError as error:
        raise _not_installed(path, error) from None
    except Exception as error:  # a pickle may raise anything
        raise ModelBroken(f"{path} cannot be unpickled: {_first_line(error)}") from None


def _not_installed(path: Path, error: ImportError) -> ModelBroken:
    return ModelBroken(
        f"{path} needs a library that is not installed ({error}); scikit-learn comes with "
        f"{REQUIREMENTS}, other libraries join it there"
    )


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:300]}"


def _use_one_thread(model: Any) -> None:
    """Set the model to one thread: a row is too small to share, and each worker has a core."""
    if hasattr(model, "get_params") and hasattr(model, "set_params"):
        names = [name for name in model.get_params() if name.split("__")[-1] == "n_jobs"]
        model.set_params(**dict.fromkeys(names, 1))


def _version(model: Any) -> str:
    package = type(model).__module__.partition(".")[0]
    name = {"sklearn": "scikit-learn"}.get(package, package)
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return name
