"""The trained model itself, for what no ONNX graph can hold: slow, and labelled so.

It is the only part of the server that needs the model's libraries; they are imported here.
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

from contracts.table import CONTRACT_FILE, Label, TableContract
from inference.refusal import Refusal
from inference.served import ModelBroken
from inference.table.columns import Floats

ALLOW_PICKLE = "WHARF_ALLOW_PICKLE"
REQUIREMENTS = "containers/inference/requirements-skops.txt"
# What libraries, and functions of people's own, raise for rows. Others are faults: 500.
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
        """Raises ModelBroken: for types that nobody trusts, a pickle that the operator did not
        name, a library that is not there.
        """
        # Before its libraries start: threads of OpenMP do not survive a fork, and with several
        # one row took 23 ms on a busy machine.
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
        # The rows are an array, also for a model that learned from a data frame.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        with_what = f"{type(model).__name__} of {_version(model)}, from {path.name}"
        LOG.warning("%s is served by the slow fallback: %s", path, with_what)
        return cls(model, contract, f"the slow fallback: {with_what}")

    def run(self, rows: Floats) -> NDArray[Any]:
        """What the model's method answers; for labels, their places. Raises Refusal."""
        try:
            answers = np.asarray(self._predict(rows.astype(self._dtype, copy=False)))
        except REFUSALS as error:  # of its columns, its holdout told
            reason = str(error).partition("\n")[0][:300]
            if not isinstance(error, ValueError):  # "KeyError: nan": its text alone says little
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
    except Exception as error:  # whatever a file of garbage leads to
        raise ModelBroken(f"{path} is not a model that skops wrote: {_first_line(error)}") from None


def _unpickled(path: Path, environment: Mapping[str, str]) -> Any:
    if environment.get(ALLOW_PICKLE) != path.name:
        raise ModelBroken(
            f"{path} is a pickle, and loading one can run any code that its writer chose. If you "
            f"trust whoever wrote it, set {ALLOW_PICKLE}={path.name}; otherwise export the model "
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
    """A row is too small to share, and workers have a core each."""
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
