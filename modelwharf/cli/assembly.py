"""The cloud assembly: the template, synthesised by the CDK app of this directory or of the
package.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from modelwharf.app import app_folder
from modelwharf.cli.assembly_cache import AssemblyCache
from modelwharf.cli.assembly_key import key_of
from modelwharf.cli.errors import CommandError
from modelwharf.contracts.cache_folder import cache_folder

APP = "app.py"
CACHE = "assemblies"  # in the folder that outlives a cloud
TIMEOUT = 300  # seconds


def project_root() -> Path:
    """Return the folder of app.py: this directory, or the installed package's app folder."""
    here = Path.cwd()
    return here if (here / APP).is_file() else app_folder()


def assembly_cache() -> AssemblyCache:
    """Return the user's cache of assemblies."""
    return AssemblyCache(cache_folder(os.environ) / CACHE)


def current_assembly(
    root: Path,
    output: Path,
    project: str,
    cache: AssemblyCache,
    before: Callable[[], object] = lambda: None,
) -> bool:
    """Write the assembly of the current checkout into ``output``. Returns whether it was cached.

    ``before`` is called before a synthesis, which takes long. Raises CommandError.
    """
    key = _key(root, output, project)
    if key and cache.fetch(key, output):
        return True
    before()
    shutil.rmtree(output, ignore_errors=True)  # an older template must not be mistaken for this one
    synthesise(root, output, project)
    # A file that changed meanwhile may have been read before or after the change.
    if key and key == _key(root, output, project):
        cache.keep(key, output)
    return False


def _key(root: Path, output: Path, project: str) -> str | None:
    """Return the key; None where a file cannot be read: app.py then reports it."""
    try:
        return key_of(root, synthesis_environment(os.environ, output, project))
    except OSError:
        return None


def synthesise(root: Path, output: Path, project: str, timeout: float = TIMEOUT) -> None:
    """Run app.py, which writes into ``output``. Raises CommandError with the app's last output.

    ``timeout`` in seconds.
    """
    try:
        answer = subprocess.run(
            [sys.executable, APP],
            cwd=root,
            env=synthesis_environment(os.environ, output, project),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandError(
            f"`python {APP}` made no template within {timeout:g} s, which takes 5 s on a quiet "
            "machine: try again when it is less busy, or give a template that is there already by "
            "--assembly cdk.out"
        ) from None
    if answer.returncode != 0 or not (output / "manifest.json").is_file():
        words = "\n".join(f"  {line}" for line in answer.stdout.splitlines()[-12:])
        raise CommandError(
            f"`python {APP}` made no template (exit code {answer.returncode}):\n{words}"
        )


def synthesis_environment(
    environment: Mapping[str, str], output: Path, project: str
) -> dict[str, str]:
    """Return the CDK app's environment: the output folder and the project."""
    return {
        **environment,
        "CDK_OUTDIR": str(output.resolve()),
        "WHARF_PROJECT": project,
    }
