"""The peers' environments: one each, from a file of pinned requirements."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
ROOT = Path(__file__).resolve().parents[3]
OURS = ROOT / "containers" / "inference" / "requirements.txt"
"""What the inference image installs."""

Say = Callable[[str], None]


class NotInstalled(Exception):
    """A peer's packages cannot be installed; the message is pip's last word."""


def environment(name: str, cache: Path, say: Say) -> Path:
    """The ``bin`` folder of the peer's environment, made unless it is there.

    Raises NotInstalled. pip finds its index as it does for this user elsewhere.
    """
    requirements = OURS if name == "ours" else REQUIREMENTS / f"{name}.txt"
    folder = cache / "environments" / name
    done = folder / "requirements.sha256"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if done.is_file() and done.read_text() == digest:
        return folder / "bin"
    say(f"installing {name} from {requirements.relative_to(ROOT)}")
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    python = str(folder / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The files name every package, so there is nothing to resolve.
    _run([*install, "--no-deps", "--requirement", str(requirements)])
    done.write_text(digest)
    return folder / "bin"


def _run(command: list[str]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        lines = (ran.stderr or ran.stdout).strip().splitlines() or [f"exit {ran.returncode}"]
        raise NotInstalled(lines[-1])
