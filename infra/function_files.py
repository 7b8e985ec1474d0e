"""The asset of all functions, in one folder."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import modelwharf

ROOT = Path(__file__).parent.parent
"""The folder of app.py: the checkout's root, or the wheel's copy of it."""
PACKAGE = Path(modelwharf.__file__).parent
OF_PACKAGE = ("artifact", "contracts")
"""The package's rooms that the functions import."""
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.json")
"""A JSON Schema is for editors: no function reads it."""


@contextmanager
def function_files(root: Path = ROOT, package: Path = PACKAGE) -> Iterator[Path]:
    """A folder with ``lambdas`` and its part of ``modelwharf``, for as long as the block runs.

    A checkout has both in one folder, an installed package does not. The copy has the same names in
    both cases, and so the same hash.
    """
    with TemporaryDirectory(prefix="wharf-functions-") as name:
        folder = Path(name)
        target = folder / "modelwharf"
        target.mkdir()
        shutil.copy(package / "__init__.py", target)
        places = {root / "lambdas": folder / "lambdas"}
        places |= {package / room: target / room for room in OF_PACKAGE}
        for place, copy in places.items():
            shutil.copytree(place, copy, ignore=LEFT_OUT)
        yield folder
