"""The cloud assembly: the template, synthesised by the project's own CDK app."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.assembly_cache import AssemblyCache
from cli.assembly_key import key_of
from cli.errors import Trouble
from contracts.cache_folder import cache_folder

APP = "app.py"
CACHE = "assemblies"  # in the folder of what outlives a cloud
TIMEOUT = 300  # seconds


def project_root() -> Path:
    """Return the checkout that holds app.py: this directory, or where this command is from."""
    for candidate in (Path.cwd(), Path(__file__).resolve().parent.parent):
        if (candidate / APP).is_file():
            return candidate
    raise Trouble(f"there is no {APP} here: change into Modelwharf's checkout first")


def assembly_cache() -> AssemblyCache:
    """Return the user's cache of assemblies."""
    return AssemblyCache(cache_folder(os.environ) / CACHE)


def current_assembly(root: Path, output: Path, project: str, cache: AssemblyCache) -> bool:
    """Write the assembly of the checkout as it is into ``output``; whether it was kept from before.

    Raises Trouble.
    """
    key = _key(root, output, project)
    if key and cache.fetch(key, output):
        return True
    shutil.rmtree(output, ignore_errors=True)  # an older template is not to be taken for this one
    synthesise(root, output, project)
    # A file that changed meanwhile was read before or after: nobody knows.
    if key and key == _key(root, output, project):
        cache.keep(key, output)
    return False


def _key(root: Path, output: Path, project: str) -> str | None:
    """None where something cannot be read: app.py then says what."""
    try:
        return key_of(root, synthesis_environment(os.environ, output, project))
    except OSError:
        return None


def synthesise(root: Path, output: Path, project: str) -> None:
    """Run app.py, which writes into ``output``. Raises Trouble with the app's last words."""
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


def synthesis_environment(
    environment: Mapping[str, str], output: Path, project: str
) -> dict[str, str]:
    """Return what the CDK app runs with: where to write, and for which project."""
    return {
        **environment,
        "CDK_OUTDIR": str(output.resolve()),
        "WHARF_PROJECT": project,
    }
