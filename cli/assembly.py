"""The cloud assembly: the template, synthesised by the project's own CDK app."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.errors import Trouble

APP = "app.py"
TIMEOUT = 300  # seconds


def project_root() -> Path:
    """Return the checkout that holds app.py: this directory, or where this command is from."""
    for candidate in (Path.cwd(), Path(__file__).resolve().parent.parent):
        if (candidate / APP).is_file():
            return candidate
    raise Trouble(f"there is no {APP} here: change into Modelwharf's checkout first")


def synthesise(root: Path, output: Path, project: str) -> Path:
    """Run app.py; return the assembly's folder. Raises Trouble with the app's last words."""
    answer = subprocess.run(
        [sys.executable, APP],
        cwd=root,
        env=synthesis_environment(os.environ, output, project),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if answer.returncode != 0 or not (output / "manifest.json").is_file():
        words = "\n".join(f"  {line}" for line in answer.stdout.splitlines()[-12:])
        raise Trouble(f"`python {APP}` made no template (exit code {answer.returncode}):\n{words}")
    return output


def synthesis_environment(
    environment: Mapping[str, str], output: Path, project: str
) -> dict[str, str]:
    """Return what the CDK app runs with: where to write, and for which project."""
    return {
        **environment,
        "CDK_OUTDIR": str(output.resolve()),
        "WHARF_PROJECT": project,
    }
