"""The key of a template's inputs: the same key means the same template.

The key covers the files that ``app.py`` reads or imports, the packages that it runs with, and the
variables that it reads. A test compares each list with a real synthesis.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import modelwharf

FILES = ("app.py", "cdk.json", "modelwharf/__init__.py", "statemachine/release.asl.json")
FOLDERS = ("infra", "lambdas", "modelwharf/artifact", "modelwharf/contracts")
VARIABLES = ("WHARF_", "CDK_", "JSII_", "NODE_", "PYTHONPATH")
"""Prefixes of the variables that a synthesis may read."""
OUTPUT_VARIABLE = "CDK_OUTDIR"
"""The output folder. It does not change the template."""
OURS = "modelwharf"
COMPILED = "__pycache__"
PACKAGE = ".dist-info"


def key_of(
    root: Path, environment: Mapping[str, str], path: Sequence[str] = tuple(sys.path)
) -> str:
    """Return the key of the template that ``app.py`` in ``root`` makes in this environment.

    ``path`` is Python's path of packages. Raises OSError.
    """
    files = {name: _place(root, name) for name in FILES}
    for folder in FOLDERS:
        place = _place(root, folder)
        files |= {f"{folder}/{file.relative_to(place)}": file for file in files_of(place)}
    parts = [
        [sys.version, sys.platform],
        sorted(_packages(path)),
        sorted(_variables(environment)),
        [[name, *_state(file)] for name, file in files.items()],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def digest_of(folder: Path) -> str:
    """Return the digest of every file in the folder, by name, mode and content. Raises OSError."""
    files = [[str(file.relative_to(folder)), *_state(file)] for file in files_of(folder)]
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Return the files below the folder in sorted order, without Python's compiled files."""
    return sorted(
        Path(place) / name
        for place, _, names in os.walk(folder, followlinks=True)
        if COMPILED not in Path(place).parts
        for name in names
    )


def is_covered(file: Path, root: Path) -> bool:
    """Whether a change of this file of the checkout changes the key."""
    name = file.relative_to(root)
    return str(name) in FILES or any(name.is_relative_to(folder) for folder in FOLDERS)


def _place(root: Path, name: str) -> Path:
    """Return where app.py finds ``name``: in ``root``, or in the installed package if ``root`` has
    no package.
    """
    place = root / name
    if place.parts[len(root.parts)] != OURS or (root / OURS).is_dir():
        return place
    return Path(modelwharf.__file__).parents[1] / name


def reads(variable: str) -> bool:
    """Whether a change of this variable changes the key."""
    return variable.startswith(VARIABLES) and variable != OUTPUT_VARIABLE


def _variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in environment.items() if reads(name))


def _packages(path: Sequence[str]) -> Iterator[str]:
    """Yield the name and version of each installed package, from its metadata folder's name."""
    for place in map(Path, path):
        if place.is_dir():
            yield from (found.name for found in place.iterdir() if found.suffix == PACKAGE)


def _state(file: Path) -> tuple[bool, str]:
    return os.access(file, os.X_OK), hashlib.sha256(file.read_bytes()).hexdigest()
