"""The shell of a build: commands in sequence that share variables and directory.

CodeBuild runs a version 0.2 buildspec in one shell instance. Here each command has its own bash
in its own process group, and passes its state on through a file. A command that calls ``exit``
therefore ends only itself, and each command can be stopped.
"""

import os
import shlex
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from modelwharf.engines.process import ProcessProgram
from modelwharf.engines.processes import MARK, Processes

_WRITING = threading.Lock()

# Read-only variables of bash cannot be set again. The rest of the state can.
_SAVE = """{ declare -p | grep -v '^declare -[a-zA-Z]*r'; declare -f; set +o; } > "$1" 2>/dev/null
printf 'cd %q\\n' "$PWD" >> "$1" """

_SCRIPT = """
__wharf_save() { set +e +u; unset %(mark)s; %(save)s; }
trap '__wharf_code=$?; __wharf_save %(state)s; exit $__wharf_code' EXIT
[ -f %(state)s ] && . %(state)s
trap '__wharf_code=$?; __wharf_save %(state)s; exit $__wharf_code' EXIT
. %(command)s
"""


class BuildShell:
    """Runs commands. ``start`` returns at once; the caller waits and checks the timeout."""

    def __init__(
        self, processes: Processes, folder: Path, source: Path, environment: Mapping[str, str]
    ) -> None:
        self._processes = processes
        self._folder = folder
        self._source = source
        self._environment = dict(environment)

    def start(
        self, command: str, extra: Mapping[str, str], log: Callable[[str], None]
    ) -> ProcessProgram:
        script = self._folder / "command.sh"
        state = self._folder / "state.sh"
        # Set again for each command: an earlier command may have exported another value.
        given = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in extra.items())
        script.write_text(f"{given}{command}\n")
        text = _SCRIPT % {
            "save": _SAVE,
            "mark": MARK,  # each command has its own mark, by which it is found and stopped
            "state": shlex.quote(str(state)),
            "command": shlex.quote(str(script)),
        }
        child = self._processes.start(
            ["bash", "--noprofile", "--norc", "-c", text],
            environment={**self._environment, **extra},
            directory=self._source,
        )
        return ProcessProgram(child, self._processes, None, log)

    def variable(self, name: str) -> str:
        """A variable's value after the last command, for exported-variables."""
        found: list[str] = []
        program = self.start(f'printf "%s" "${{{name}:-}}"', {}, found.append)
        program.wait()
        return "\n".join(found)


def write_programs(directory: Path, docker: Sequence[str]) -> Path:
    """Write ``docker`` and ``aws`` of this environment to a folder that comes first on PATH."""
    folder = directory / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    # -P: a build runs in a checkout, whose packages must not shadow ours.
    aws = ("env", "-u", "PYTHONPATH", sys.executable, "-P", "-m", "awscli")
    for name, words in (("docker", docker), ("aws", aws)):
        _write_once(folder / name, f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    return folder


def _write_once(path: Path, text: str) -> None:
    """Write a program if it is missing: a program that is open for writing cannot be executed."""
    with _WRITING:
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            path.chmod(0o755)


def machine_path() -> str:
    return os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
