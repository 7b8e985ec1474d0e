"""The process engine: an image is a folder and a Python environment, a run is a process.

Unlike in a container, programs run as the current user, see this machine's files and network, and
use its Python instead of the base image's. Each run has a copy of the image's files and its own
``/opt/ml``; absolute paths of the image in commands and variables are rewritten to them.
"""

import itertools
import os
import platform
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from modelwharf.contracts.cache_folder import cache_folder
from modelwharf.engines.engine import (
    BuildRequest,
    DockerProgram,
    Host,
    Image,
    ImageConfig,
    ImageMissing,
    Launch,
    LogSink,
)
from modelwharf.engines.listening import listeners, misplaced_here
from modelwharf.engines.loopback import address, is_here
from modelwharf.engines.manifest import canonical
from modelwharf.engines.memory_kills import killed_meanwhile, memory_kills
from modelwharf.engines.process.base import python_digest
from modelwharf.engines.process.cluster import ProcessCluster
from modelwharf.engines.process.image_environment import (
    Environment,
    apply_step,
    environment_folder,
    host_path,
    inside,
    inside_all,
    is_complete,
    program_path,
)
from modelwharf.engines.process.image_plan import BASE_PATH, plan_image
from modelwharf.engines.process.image_store import ImageStore, StoredImage
from modelwharf.engines.processes import Processes

LOOPBACK = "127.0.0.1"
OPT_ML = "/opt/ml"
TMP = "/tmp"  # noqa: S108 - the path in the image; each run has its own folder
IMAGES = "MODELWHARF_IMAGES"
STATE = "MODELWHARF_DOCKER_STATE"
UNSUPPORTED = ("platform", "isolated", "read_only", "user", "limits")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def default_cache() -> Path:
    """Return the folder of the environments, which stay when a cloud ends."""
    return cache_folder(os.environ)


class ProcessEngine:
    """Processes as an engine; see the module. Implements modelwharf.engines.engine.Engine."""

    name = "process"
    description = f"process (no containers; Python {platform.python_version()} of this machine)"
    # Programs use this machine's name resolution, which cannot resolve algo-1.
    host = Host(name="localhost")
    names_of_this_machine: tuple[str, ...] = ()

    def __init__(self, store: ImageStore, cache: Path, processes: Processes) -> None:
        self.unsupported: tuple[str, ...] = (
            UNSUPPORTED if is_here(address(0, 1)) else (*UNSUPPORTED, "hosts")
        )
        self._jobs = itertools.count()
        self._store = store
        self._cache = cache
        self._processes = processes

    def build(self, request: BuildRequest, log: LogSink) -> Image:
        plan = plan_image(request)
        log(f"FROM {plan.config['base']}: this machine's own Python stands in for it")
        for note in plan.notes:
            log(note)
        environment = Environment(self._cache, plan.steps, plan.config["base"])
        environment.ensure(log)

        def fill(root: Path) -> None:
            shutil.copytree(environment.root, root, symlinks=True, dirs_exist_ok=True)
            for step in environment.later_steps:
                apply_step(step, environment.folder, root, log)

        config = {**plan.config, "key": environment.key, "engine": self.name}
        layers = [canonical(step.content()) for step in plan.steps]
        return self._store.save(config, layers, fill)

    def base_digest(self, reference: str, platform: str) -> str:
        """Return the digest of this machine's Python, which replaces every base image."""
        return python_digest()

    def docker(self, state: Path) -> DockerProgram:
        environment = {
            IMAGES: str(self._store.folder),
            STATE: str(state),
            "MODELWHARF_CACHE": str(self._cache),
        }
        return DockerProgram.of_module(f"{__package__}.docker_program", environment)

    def find(self, reference: str) -> Image:
        """Return an image by its digest only: ``sha256:…``, or ``name@sha256:…``."""
        digest = reference.rpartition("@")[2]
        return Image(digest, self._store.manifest(digest))

    def list_type(self, reference: str) -> str:
        return ""

    def config(self, digest: str) -> ImageConfig:
        held = self._store.find(digest).config
        return ImageConfig(
            platform=held["platform"] or _machine_platform(),
            entrypoint=tuple(held.get("entrypoint", ())),
            command=tuple(held.get("command", ())),
            user=held.get("user", ""),
            directory=held["directory"],
            environment=held["environment"],
            labels=held.get("labels", {}),
        )

    def sweep(self) -> None:
        """Do nothing: the reaper has ended what a killed cloud left running."""

    def cluster(self, name: str, count: int, *, isolated: bool) -> ProcessCluster:
        job = next(self._jobs)
        return ProcessCluster.at(self, [address(job, number) for number in range(count)])

    def run(self, launch: Launch, log: LogSink) -> "ProcessProgram":
        image = self._store.find(launch.digest)
        folder = environment_folder(self._cache, image.config["key"])
        if not is_complete(folder):
            raise ImageMissing(
                f"image {launch.digest} has lost its environment ({folder}): build it again"
            )
        root = launch.tree.parent / "root"
        shutil.copytree(image.root, root, symlinks=True, dirs_exist_ok=True)
        port = free_port() if launch.serves else None
        command = [inside(word, _folders(launch), root) for word in _command(image, launch)]
        directory = host_path(root, image.config["directory"])
        directory.mkdir(parents=True, exist_ok=True)
        child = self._processes.start(
            command,
            environment=_environment(image, launch, folder, root, port),
            directory=directory,
        )
        return ProcessProgram(child, self._processes, port, log)


KILLED = 137  # 128 + SIGKILL
END_OF_LOG = 5.0  # seconds


class ProcessProgram:
    """A running program; the processes that it started end with it, as in a container."""

    left_out: tuple[str, ...] = ()

    def __init__(
        self,
        child: subprocess.Popen[str],
        processes: Processes,
        port: int | None,
        log: LogSink,
        kills: Callable[[], int | None] = memory_kills,
    ) -> None:
        self._child = child
        self._processes = processes
        self._log = log
        self._kills, self._kills_before = kills, kills()
        self._stopped = False
        self.killed_for: str | None = None
        self.ran: float | None = None
        self._begun = time.monotonic()
        self.address = None if port is None else (LOOPBACK, port)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._reader.start()
        self._waiter.start()

    @property
    def unreachable(self) -> str:
        if self.address is None:
            return ""
        return misplaced_here(listeners(self._processes.mark_of(self._child)), self.address[1])

    def poll(self) -> int | None:
        return None if self._waiter.is_alive() else _exit_code(self._child)

    def wait(self, timeout: float | None = None) -> int | None:
        self._waiter.join(timeout)
        return self.poll()

    def stop(self, grace: float) -> int:
        self._stopped = True
        self._processes.stop(self._child, grace=grace)
        self._waiter.join()
        return _exit_code(self._child)

    def _wait(self) -> None:
        self._child.wait()
        self.ran = time.monotonic() - self._begun
        killed = _exit_code(self._child) == KILLED and not self._stopped
        if killed and killed_meanwhile(self._kills_before, self._kills()):
            self.killed_for = (
                "out of memory, it seems: killed by SIGKILL (no limit but the machine's)"
            )
        self._processes.stop(self._child, grace=0)  # the processes that it left running
        # A process that left the group may never close the log.
        self._reader.join(END_OF_LOG)

    def _read(self) -> None:
        for line in self._child.stdout or ():
            self._log(line.rstrip("\n"))
        if self._child.stdout is not None:
            self._child.stdout.close()


def _folders(launch: Launch) -> dict[str, Path]:
    """Return a run's own folders, all below the launch's folder."""
    return {OPT_ML: launch.tree, TMP: launch.tree.parent / "tmp"}


def _machine_platform() -> str:
    machine = platform.machine().lower()
    return f"linux/{ARCHITECTURES.get(machine, machine)}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _exit_code(child: subprocess.Popen[str]) -> int:
    """Return the exit code as a container reports it: 128 + n for an end by signal n."""
    code = child.returncode
    return 128 - code if code < 0 else code


def _command(image: StoredImage, launch: Launch) -> Sequence[str]:
    """Return the command as ``docker run IMAGE ARGUMENTS`` forms it: arguments replace CMD."""
    entrypoint = list(launch.entrypoint or image.config.get("entrypoint", []))
    rest = list(launch.arguments) or ([] if launch.entrypoint else _default_command(image))
    command = entrypoint + rest
    if not command:
        raise OSError("the image has no ENTRYPOINT and no CMD, and no command was given")
    return command


def _default_command(image: StoredImage) -> list[str]:
    return list(image.config.get("command", []))


def _environment(
    image: StoredImage, launch: Launch, folder: Path, root: Path, port: int | None
) -> dict[str, str]:
    """Return the variables of the image and the launch, and none of this machine's.

    Python may write bytecode into the shared environment, where the next run finds it.
    """
    temporary = _folders(launch)[TMP]
    temporary.mkdir(exist_ok=True)
    declared = {**image.config["environment"], **launch.environment}
    found = {
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        **inside_all(declared, _folders(launch), root),
        "PATH": program_path(folder, image.config["environment"].get("PATH", BASE_PATH), root),
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "SAGEMAKER_BASE_DIR": str(launch.tree),
    }
    if port is not None:
        found["SAGEMAKER_BIND_TO_PORT"] = str(port)
        found["SAGEMAKER_BIND_TO_HOST"] = LOOPBACK
    return found
