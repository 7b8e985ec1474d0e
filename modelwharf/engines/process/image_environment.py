"""The environment of an image: its own venv and the files that RUN lines wrote.

It is built once per content: its key is a digest of every step up to the last RUN, and of the
Python that builds it. A venv cannot be moved, so it is built at its final place, under a lock. It
counts only once its marker exists: a killed build leaves none. A RUN that only compiles Python
files is not such a step: it works on one image's files, after its COPY.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from modelwharf.engines.engine import BuildError, LogSink
from modelwharf.engines.manifest import canonical
from modelwharf.engines.process.build_steps import (
    CopiedFile,
    CopyFiles,
    MakeFolder,
    RunCommand,
    Step,
)
from modelwharf.engines.process.bundled_pip import bundled_wheels, unpack_pip
from modelwharf.engines.process.image_plan import BASE_PATH

FORMAT = 1  # raise it when building changes, so that no older environment is reused
SKIPPED = ("useradd", "groupadd", "adduser", "addgroup", "chown", "chgrp", "ldconfig")
REFUSED = ("apt-get", "apt", "dpkg", "apk", "yum", "dnf", "microdnf", "rpm", "sudo", "su")

# Variables that pip and similar tools need to reach their index; none is about AWS.
PASSED_ON = re.compile(
    r"PIP_\w+|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|MODELWHARF_CACHE|TMPDIR",
    re.IGNORECASE,
)
# Only below the RUN's folder, and with nothing after it.
_COMPILES = re.compile(r"(/bin/sh -c )?python3? -m compileall( -[\w-]+| [a-z]+-hash)* \.")
# An absolute path in a RUN line means the image's file, never this machine's.
_ABSOLUTE = re.compile(r"(?<![\w./~:$}-])/(?!dev/|bin/|usr/bin/|/)(?=[\w.*])")


class Environment:
    """One environment in the cache. ``ensure`` builds it when it does not exist."""

    def __init__(self, cache: Path, steps: Sequence[Step], base: str) -> None:
        last = max((n for n, s in enumerate(steps) if _installs(s)), default=-1)
        self.steps = tuple(steps[: last + 1])
        self.later_steps = tuple(steps[last + 1 :])
        self.key = _key(self.steps, base)
        self.folder = environment_folder(cache, self.key)

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def ensure(self, log: LogSink) -> None:
        """Build the environment unless it exists. Raises BuildError."""
        with _locked(self.folder.with_suffix(".lock")):
            if is_complete(self.folder):
                log(f"using the environment built before ({self.key[:12]})")
                return
            shutil.rmtree(self.folder, ignore_errors=True)
            self.root.mkdir(parents=True)
            self._make_venv(log)
            self._make_shims()
            for step in self.steps:
                apply_step(step, self.folder, self.root, log)
            _marker(self.folder).write_text("complete\n")

    def _make_venv(self, log: LogSink) -> None:
        log(f"making an environment with Python {platform.python_version()}")
        wheels = bundled_wheels()
        options = ["--without-pip"] if wheels or not self.steps else []
        made = subprocess.run(
            [sys.executable, "-m", "venv", *options, str(self.folder / "venv")],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise BuildError(
                "this Python cannot make a virtual environment (on Debian and Ubuntu: "
                f"install python3-venv): {(made.stdout + made.stderr).strip()}"
            )
        if wheels and self.steps:  # only RUN lines use pip
            unpack_pip(wheels, self.folder / "venv")

    def _make_shims(self) -> None:
        """Write replacements, by name, for programs that would change this machine.

        They do nothing, or refuse.
        """
        folder = self.folder / "shims"
        folder.mkdir()
        for names, text in (
            (SKIPPED, 'echo "skipped: $(basename "$0") $* (no users or owners here)"'),
            (
                REFUSED,
                'echo "$(basename "$0") is refused by the process engine: it would change this '
                'machine. Use a base image that has the package, or an engine with containers"'
                "; exit 1",
            ),
        ):
            for name in names:
                (folder / name).write_text(f"#!/bin/sh\n{text}\n")
                (folder / name).chmod(0o755)


def environment_folder(cache: Path, key: str) -> Path:
    return cache / "environments" / key


def is_complete(folder: Path) -> bool:
    return _marker(folder).exists()


def machine_environment() -> dict[str, str]:
    """Return the variables of this machine that a build may see.

    A build has its own HOME, so pip's configuration and cache are named here.
    """
    found = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    found.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
    settings = [Path.home() / ".config" / "pip" / "pip.conf", Path.home() / ".pip" / "pip.conf"]
    for path in settings:
        if path.exists():
            found.setdefault("PIP_CONFIG_FILE", str(path))
    return found


def program_path(folder: Path, image_path: str, root: Path) -> str:
    """Return PATH for an image's programs: its venv, its folders under ``root``, the machine's."""
    inside = [str(host_path(root, part)) for part in image_path.split(":") if part.startswith("/")]
    python = str(Path(sys.executable).parent)
    machine = [part for part in os.environ.get("PATH", BASE_PATH).split(":") if part != python]
    return ":".join([str(folder / "shims"), str(folder / "venv" / "bin"), *inside, *machine])


def apply_step(step: Step, folder: Path, root: Path, log: LogSink) -> None:
    """Apply one step to the files under ``root``. Raises BuildError."""
    if isinstance(step, MakeFolder):
        host_path(root, step.path).mkdir(parents=True, exist_ok=True)
    elif isinstance(step, CopyFiles):
        _copy(step, root)
    else:
        _run(step, folder, root, log)


def host_path(root: Path, path: str | PurePosixPath) -> Path:
    return root / str(path).lstrip("/")


def inside(text: str, folders: Mapping[str, Path], root: Path) -> str:
    """Return an absolute path of the image as a path on this machine; other text is unchanged.

    ``folders`` are those that are not under ``root``, such as ``/opt/ml``.
    """
    for place, folder in folders.items():
        if text == place or text.startswith(f"{place}/"):
            return f"{folder}{text[len(place) :]}"
    if text.startswith("/") and text != "/" and host_path(root, text).exists():
        return str(host_path(root, text))
    return text


def inside_all(
    variables: Mapping[str, str], folders: Mapping[str, Path], root: Path
) -> dict[str, str]:
    """Apply ``inside`` to variables; a value may be a list of paths, like PYTHONPATH."""
    return {
        name: ":".join(inside(part, folders, root) for part in value.split(":"))
        if value.startswith("/")
        else value
        for name, value in variables.items()
    }


def _copy(step: CopyFiles, root: Path) -> None:
    for file in step.files:
        target = host_path(root, file.target)
        if file.name and target.is_dir():
            target /= file.name  # as BuildKit does, with or without a trailing slash
        try:
            _write(file, target)
        except OSError as error:
            raise BuildError(
                f"Dockerfile line {step.line}: COPY of {file.source.name} to {file.target}: "
                f"{error.strerror}"
            ) from None


def _write(file: CopiedFile, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if file.link is not None:
        target.symlink_to(file.link)
    else:
        shutil.copyfile(file.source, target)
        target.chmod(0o755 if file.executable else 0o644)


def _run(step: RunCommand, folder: Path, root: Path, log: LogSink) -> None:
    directory = host_path(root, step.directory)
    directory.mkdir(parents=True, exist_ok=True)
    words = [_ABSOLUTE.sub(f"{root}/", word) for word in step.words]
    if step.words[:2] == ("/bin/sh", "-c"):
        words[0] = "/bin/sh"
    with subprocess.Popen(
        words,
        cwd=directory,
        env=_run_environment(step.environment, folder, root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as child:
        for line in child.stdout or ():
            log(line.rstrip("\n"))
    if child.returncode:
        raise BuildError(
            f"Dockerfile line {step.line}: RUN {step.text!r} exited with status {child.returncode}"
        )


def _run_environment(image: Mapping[str, str], folder: Path, root: Path) -> dict[str, str]:
    temporary = root / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        **machine_environment(),
        **inside_all(image, {"/tmp": temporary}, root),  # noqa: S108 - the image's own
        "PATH": program_path(folder, image.get("PATH", BASE_PATH), root),
        "VIRTUAL_ENV": str(folder / "venv"),
        "HOME": str(folder / "root"),
        "LANG": image.get("LANG", "C.UTF-8"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }


def _installs(step: Step) -> bool:
    """Whether the step may change more than the image's own files, above all the venv."""
    if not isinstance(step, RunCommand):
        return False
    words = " ".join(step.words).split()  # joins a continued line, without its indentation
    return not _COMPILES.fullmatch(" ".join(words))


def _key(steps: Sequence[Step], base: str) -> str:
    parts = [
        FORMAT,
        base,
        sys.version,
        sys.base_prefix,
        platform.machine(),
        [step.content() for step in steps],
    ]
    return hashlib.sha256(canonical(parts)).hexdigest()


def _marker(folder: Path) -> Path:
    return folder / "complete"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock for one builder; the system frees the lock of a killed one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
