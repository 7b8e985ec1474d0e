"""Unpack the wheels bundled with Python, above all pip, into an environment without running pip.

``venv`` lets pip install itself and compiles all of it: three seconds of CPU time. A wheel is a zip
file of what it would install.
"""

import ensurepip
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

SCRIPT = """\
#!{python}
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""


def bundled_wheels() -> list[Path]:
    """Return pip's wheel, and before 3.12 setuptools'; empty without them, as on Debian."""
    wheels = sorted(Path(ensurepip.__file__).with_name("_bundled").glob("*.whl"))
    has_pip = any(wheel.name.startswith("pip-") for wheel in wheels)
    return wheels if has_pip else []


def unpack_pip(wheels: Sequence[Path], venv: Path) -> None:
    """Unpack them into an environment that has none."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(venv / "lib" / f"python{version}" / "site-packages")
    for name in ("pip", "pip3", f"pip{version}"):
        script = venv / "bin" / name
        script.write_text(SCRIPT.format(python=venv / "bin" / "python"))
        script.chmod(0o755)
