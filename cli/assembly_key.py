"""What goes into a template: the same key, the same template.

The key covers the files that ``app.py`` reads or imports, the packages that it runs with, and the
variables that it reads. A test holds each list against what a synthesis really used.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

FILES = ("app.py", "cdk.json", "statemachine/release.asl.json")
FOLDERS = ("infra", "contracts", "lambdas")
VARIABLES = ("WHARF_", "CDK_", "JSII_", "NODE_", "PYTHONPATH")
"""How the names of the variables begin that a synthesis may read."""
OUTPUT_VARIABLE = "CDK_OUTDIR"
"""Where to write: it is no part of what is written."""
COMPILED = "__pycache__"
PACKAGE = ".dist-info"


def key_of(
    root: Path, environment: Mapping[str, str], path: Sequence[str] = tuple(sys.path)
) -> str:
    """Return the key of what ``app.py`` of this checkout makes in this environment.

    ``path`` is where Python finds packages. Raises OSError.
    """
    files = [root / name for name in FILES]
    files += [file for folder in FOLDERS for file in files_of(root / folder)]
    parts = [
        [sys.version, sys.platform],
        sorted(_packages(path)),
        sorted(_variables(environment)),
        [[str(file.relative_to(root)), *_state(file)] for file in files],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def digest_of(folder: Path) -> str:
    """Return the digest of every file in the folder, by name, mode and content. Raises OSError."""
    files = [[str(file.relative_to(folder)), *_state(file)] for file in files_of(folder)]
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Return the files below the folder, but for what Python compiles, in one order."""
    return sorted(
        Path(place) / name
        for place, _, names in os.walk(folder, followlinks=True)
        if COMPILED not in Path(place).parts
        for name in names
    )


def is_covered(file: Path, root: Path) -> bool:
    """Whether a change of this file of the checkout changes the key."""
    name = file.relative_to(root)
    return str(name) in FILES or name.parts[0] in FOLDERS


def reads(variable: str) -> bool:
    """Whether a change of this variable changes the key."""
    return variable.startswith(VARIABLES) and variable != OUTPUT_VARIABLE


def _variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in environment.items() if reads(name))


def _packages(path: Sequence[str]) -> Iterator[str]:
    """The name and version of each installed package, as its folder of metadata tells them."""
    for place in map(Path, path):
        if place.is_dir():
            yield from (found.name for found in place.iterdir() if found.suffix == PACKAGE)


def _state(file: Path) -> tuple[bool, str]:
    return os.access(file, os.X_OK), hashlib.sha256(file.read_bytes()).hexdigest()
