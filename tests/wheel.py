"""Wheels of this checkout, for tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = (
    *("pyproject.toml", "setup.py", "README.md", "LICENSE", "modelwharf"),
    *("app.py", "cdk.json", "containers", "inference", "infra", "lambdas"),
    *("statemachine", "training"),
)
COMPILED = shutil.ignore_patterns("__pycache__")
EPOCH = "1760000000"


def built(folder: Path, left: Sequence[str] = ()) -> Path:
    """The wheel of a copy of the sources: building writes beside them.

    ``left`` are files that programs left among the sources, such as bytecode.
    """
    folder.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, copy_function=shutil.copyfile, ignore=COMPILED
            )
        else:
            shutil.copyfile(ROOT / name, folder / name)
    for name in left:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"left")
    command = [sys.executable, "-m", "uv", "build", "--wheel", "--no-build-isolation", "--offline"]
    subprocess.run(
        [*command, "--python", sys.executable, "--out-dir", folder / "dist", folder],
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        capture_output=True,
        check=True,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel
