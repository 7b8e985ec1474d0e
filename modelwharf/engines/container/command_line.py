"""The engine's own client for builds: `docker` with BuildKit, or `podman`.

The engine's API has no build secrets, so a build through it could not reach a private package
index.
"""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

IMAGES = "MODELWHARF_IMAGES"
STATE = "MODELWHARF_DOCKER_STATE"
MACHINE = "MODELWHARF_MACHINE"
"""Variables for a build's ``docker``: folders of images and logins, machine_variables as JSON."""

HANDED_OVER = ("HOME", "PATH", "TMPDIR", "SSH_AUTH_SOCK")
PREFIXES = ("BUILDKIT_", "BUILDX_", "CONTAINERS_", "DOCKER_", "REGISTRY_AUTH_", "XDG_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
DOCKER_HOST = "DOCKER_HOST"
HELP = 20  # seconds for a client to print its options

Ask = Callable[[Sequence[str], Mapping[str, str]], str]


class NoCommandLine(Exception):
    """The engine's client is not on this machine; the message says what to install."""


@dataclass(frozen=True)
class CommandLine:
    """A client: its first words, the variables that it needs, and its ``build --help`` text."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    options: str
    is_podman: bool

    @property
    def is_remote_podman(self) -> bool:
        """Whether it is podman and its service builds, in another store than podman's own."""
        return self.is_podman and len(self.words) > 1

    def knows(self, option: str) -> bool:
        """Whether its build accepts the option, such as ``--provenance``."""
        return f" {option} " in f"{self.options} ".replace("\n", " ").replace("=", " ")


def machine_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of this machine for an engine's client in a build.

    A build's own variables hide them. The client finds its plugins and credentials in
    DOCKER_CONFIG.
    """
    found = {
        name: value
        for name, value in environment.items()
        if name in HANDED_OVER or name.startswith(PREFIXES) or name.upper() in PROXIES
    }
    found.setdefault("DOCKER_CONFIG", str(Path(found.get("HOME", "/")) / ".docker"))
    return found


def find_command_line(
    address: str, is_podman: bool, machine: Mapping[str, str], ask: Ask | None = None
) -> CommandLine:
    """Return the client for the engine at ``address``. ``machine`` is from machine_variables.

    Raises NoCommandLine.
    """
    environment = {
        **machine,
        DOCKER_HOST: address,
        "DOCKER_BUILDKIT": "1",
        # A builder that the user has selected may store images where they cannot be run.
        "BUILDX_BUILDER": "default",
    }
    find = _podman if is_podman else _docker
    return find(address, environment, ask or _ask)


def _podman(address: str, environment: Mapping[str, str], ask: Ask) -> CommandLine:
    for program in _programs("podman", environment):
        words: tuple[str, ...] = (program, "--url", address)
        options = ask([*words, "build", "--help"], environment)
        if "--secret" in options:
            if _same_store(program, words, environment, ask):
                words = (program,)
            return CommandLine(words, environment, options, is_podman=True)
    raise NoCommandLine(
        "images are built with `podman`, and no podman with `build --secret` is on the PATH: "
        "install podman 4 or later (Debian: apt-get install podman)"
    )


def _same_store(
    program: str, service: Sequence[str], environment: Mapping[str, str], ask: Ask
) -> bool:
    """Whether podman without its service builds into the service's own store.

    It is then preferred: the service gets a build's secrets in its context, where `COPY .` finds
    them (podman 4.3).
    """
    look = ("info", "--format", "{{.Host.Hostname}} {{.Store.GraphRoot}} {{.Store.RunRoot}}")
    own = ask([program, *look], environment)
    return bool(own) and own == ask([*service, *look], environment)


def _docker(address: str, environment: Mapping[str, str], ask: Ask) -> CommandLine:
    seen = []
    for program in _programs("docker", environment):
        options = ask([program, "build", "--help"], environment)
        if "--secret" in options and "podman build" not in options:
            return CommandLine((program,), environment, options, is_podman=False)
        seen.append(program)
    found = f"{', '.join(seen)} cannot" if seen else "there is none"
    raise NoCommandLine(
        "images are built with a `docker` that has BuildKit (`docker build --secret`), and "
        f"on the PATH {found}: install Docker's buildx plugin (Debian: apt-get install "
        "docker-buildx, or docker-buildx-plugin from Docker's own packages)"
    )


def _programs(name: str, environment: Mapping[str, str]) -> list[str]:
    """Return every program of the name on the PATH, in its order."""
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    paths = [Path(folder) / name for folder in folders if folder]
    return [str(path) for path in paths if path.is_file() and os.access(path, os.X_OK)]


def _ask(words: Sequence[str], environment: Mapping[str, str]) -> str:
    try:
        result = subprocess.run(
            words, env=environment, capture_output=True, text=True, check=False, timeout=HELP
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout if result.returncode == 0 else ""
