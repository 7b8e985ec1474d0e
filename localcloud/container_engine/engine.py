"""The engine with containers: Docker or podman, through the socket that both serve.

``/opt/ml`` is an anonymous volume, filled before the start and read back after the end, so
that it makes no difference whether the engine runs here, rootless, in a VM or far away, and no
file on this machine comes to belong to root.
"""

import errno
import json
import os
import re
import shutil
import sys
import uuid
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from docker.errors import APIError
from docker.models.containers import Container
from docker.models.networks import Network

from localcloud.container_engine import base_image, builds
from localcloud.container_engine.archives import owner_of, packed
from localcloud.container_engine.command_line import (
    DOCKER_HOST,
    IMAGES,
    MACHINE,
    STATE,
    machine_variables,
)
from localcloud.container_engine.connection import (
    BROKEN,
    SILENT,
    Connection,
    EngineRefused,
    look,
)
from localcloud.container_engine.container import OPT_ML, ContainerProgram, Made, close_output
from localcloud.container_engine.image_store import ImageStore
from localcloud.engine import (
    BuildRequest,
    DockerProgram,
    EngineLost,
    Host,
    Image,
    ImageConfig,
    Launch,
    LogSink,
)
from localcloud.manifest import LISTS
from localcloud.memory_kills import memory_kills
from localcloud.processes import MARK, CloudStopping, Processes
from localcloud.reaper import kill_marked

LABEL = "modelwharf.cloud"
LOOPBACK = "127.0.0.1"
PORT = 8080  # SageMaker's serving contract
PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"
NO_CONTENT = 204
MIB = 1024 * 1024  # bytes
RESERVE = 32 * MIB  # for the engine itself
# Programs may unpack libraries into it and load them, which Docker's default forbids.
TMPFS = {"/tmp": "rw,exec,nosuid,nodev,mode=1777"}  # noqa: S108 - the container's own
ON_LINUX = sys.platform == "linux"  # elsewhere containers run in a VM
FROM_CONTAINERS = "host.docker.internal"  # this machine, as containers in a VM call it


class ContainerEngine:
    """See the module. Implements localcloud.engine.Engine.

    ``owner`` labels what is made, so that ``sweep`` finds it again: a cloud's directory.
    """

    name = "docker"

    def __init__(
        self,
        connection: Connection,
        images: ImageStore,
        processes: Processes,
        owner: str,
        kills: Callable[[], int | None] = memory_kills,
    ) -> None:
        machine = connection.machine
        limits = machine.limits_memory and machine.limits_cpus
        self.description = f"docker ({connection.description})"
        self.lacks: tuple[str, ...] = () if limits else ("limits",)
        self.names_of_this_machine: tuple[str, ...] = () if ON_LINUX else (FROM_CONTAINERS,)
        self.host = Host() if ON_LINUX else Host(interface="eth0")
        self._connection = connection
        self._images = images
        self._processes = processes
        self._kills = kills
        self._labels = {LABEL: owner}
        self._running: set[ContainerProgram] = set()
        self._lock = Lock()
        self._was_lost = False

    def run(self, launch: Launch, log: LogSink) -> ContainerProgram:
        image = self._images.local(launch.digest)
        self._require_open()
        self._sweep_after_loss()
        require_room(launch.tree, self._connection.machine.storage)
        try:
            return self._started(image, launch, log)
        except EngineLost:
            self._was_lost = True
            raise

    def _started(self, image: str, launch: Launch, log: LogSink) -> ContainerProgram:
        speaking = self._connection.speaking
        made = self._created(image, launch, log)
        container = made.container
        with ExitStack() as undo:
            undo.callback(_quietly_remove, made)
            with speaking("start the container"):
                self._lay_out(container)
            with speaking(f"copy {launch.tree} into the container"):
                container.put_archive(OPT_ML, packed(launch.tree, owner_of(launch.user)))
            with speaking("start the container"):
                # Before the start, so that no line is missed.
                output = container.attach(stdout=True, stderr=True, stream=True, demux=True)
                undo.callback(close_output, output)
                self._require_open()  # its last sweep may have been before this container
                self._processes.watch(made.mark)
                undo.callback(self._processes.forget, made.mark)
                container.start()
                look(container.reload)
            address = _address(made, launch) if launch.serves else None
            undo.pop_all()
        with self._lock:  # it may end at once, and is noted before it is forgotten
            program = ContainerProgram(
                self._connection,
                made,
                output,
                log,
                address=address,
                tree=None if launch.serves else launch.tree,
                memory_mib=launch.limits.memory_mib,
                ended=self._forget,
                kills=self._kills,
            )
            self._running.add(program)
        return program

    def _created(self, image: str, launch: Launch, log: LogSink) -> Made:
        """The container, and the network of an isolated server; nothing is started yet."""
        speaking = self._connection.speaking
        mark = uuid.uuid4().hex
        name = f"wharf-{re.sub(r'[^a-zA-Z0-9.-]+', '-', launch.name)}-{mark[:8]}"
        with ExitStack() as undo:
            network = None
            if launch.serves and launch.isolated and self._connection.machine.local:
                with speaking("make a network"):
                    network = self._client.networks.create(
                        name, driver="bridge", internal=True, labels=self._labels
                    )
                undo.callback(_quietly_remove, network)
            with speaking(f"create a container of {image}"):
                container = self._client.containers.create(
                    image, **self._options(launch, name, mark, network, log)
                )
            undo.pop_all()
        return Made(container, network, mark)

    def _lay_out(self, container: Container) -> None:
        """Bring the image's own files below /opt/ml, such as /opt/ml/code, into the volume.

        Docker does so as it makes a volume, podman before the start if it is still empty then.
        """
        if self._connection.is_podman:
            api = self._client.api
            initialised = api._post(f"{api.base_url}/v4.0.0/libpod/containers/{container.id}/init")
            api._raise_for_status(initialised)

    def _options(
        self, launch: Launch, name: str, mark: str, network: Network | None, log: LogSink
    ) -> dict[str, Any]:
        found: dict[str, Any] = {
            "command": list(launch.arguments),
            "entrypoint": list(launch.entrypoint) if launch.entrypoint else None,
            "environment": {**self._environment(launch), MARK: mark},
            "labels": self._labels,
            "name": name,
            "network_mode": _network_mode(launch),
            "stop_signal": "SIGTERM",  # SageMaker's, whatever the image says
            "volumes": [OPT_ML],
            **self._limits(launch, log),
        }
        if launch.user is not None:
            found["user"] = launch.user
        if launch.read_only:
            found.update(read_only=True, tmpfs=TMPFS)
        if not launch.serves:
            found["hostname"] = self.host.name
            if ON_LINUX:  # elsewhere a network of the container's own knows its name
                found["extra_hosts"] = {self.host.name: LOOPBACK}
        elif network is not None:
            del found["network_mode"]
            found["network"] = network.name
        else:
            if launch.isolated:
                log(
                    "[localcloud] the server is not isolated from the network: this engine's "
                    "containers can be reached through published ports alone"
                )
            found["ports"] = {f"{_port(launch)}/tcp": (LOOPBACK, None)}
        return found

    def _environment(self, launch: Launch) -> dict[str, str]:
        """The launch's own. In a VM this machine's loopback has another name."""
        found = dict(launch.environment)
        url = found.get("AWS_ENDPOINT_URL")
        if url and not ON_LINUX:
            found["AWS_ENDPOINT_URL"] = url.replace(LOOPBACK, FROM_CONTAINERS)
        return found

    def _limits(self, launch: Launch, log: LogSink) -> dict[str, Any]:
        machine = self._connection.machine
        limits = launch.limits
        found: dict[str, Any] = {}
        if limits.memory_mib is not None and machine.limits_memory:
            found["mem_limit"] = found["memswap_limit"] = limits.memory_mib * MIB
        if limits.cpus is not None and machine.limits_cpus:
            found["nano_cpus"] = int(min(limits.cpus, machine.cpus) * 1_000_000_000)
        if self.lacks and limits.memory_mib is not None:
            log(f"[localcloud] {self._connection.product} cannot limit memory or CPUs here")
        return found

    @property
    def _client(self) -> Any:
        return self._connection.client

    def _require_open(self) -> None:
        if self._processes.closed:
            raise CloudStopping("the cloud is stopping and starts no container any more")

    def _forget(self, program: ContainerProgram) -> None:
        with self._lock:
            self._running.discard(program)
            self._was_lost = self._was_lost or program.lost
        self._processes.forget(program.made.mark)

    def base_digest(self, reference: str, platform: str) -> str:
        return base_image.digest(self._connection, reference, platform)

    def docker(self, state: Path) -> DockerProgram:
        environment = {
            IMAGES: str(self._images.folder),
            STATE: str(state),
            MACHINE: json.dumps(machine_variables(os.environ)),
            DOCKER_HOST: self._connection.address,
        }
        return DockerProgram.of_module(f"{__package__}.docker_program", environment)

    def build(self, request: BuildRequest, log: LogSink) -> Image:
        machine = machine_variables(os.environ)
        return self._images.remember(builds.build(self._connection, request, machine, log))

    def find(self, reference: str) -> Image:
        with self._connection.speaking(f"find image {reference}"):
            found = self._client.images.get(reference)
        return self._images.remember(found.attrs)

    def list_type(self, reference: str) -> str:
        """Docker tells it with the image; podman gives the platform's own image for such a name."""
        with self._connection.speaking(f"look at {reference}"):
            if self._connection.is_podman:
                api = self._client.api
                address = f"{api.base_url}/v4.0.0/libpod/manifests/{quote(reference)}"
                if api._get(f"{address}/exists").status_code != NO_CONTENT:
                    return ""
                return str(api._get(f"{address}/json").json().get("mediaType") or LISTS[0])
            attributes = self._client.images.get(reference).attrs
        found = str((attributes.get("Descriptor") or {}).get("mediaType", ""))
        return found if found in LISTS else ""

    def config(self, digest: str) -> ImageConfig:
        with self._connection.speaking(f"look at image {digest}"):
            found = self._client.images.get(self._images.local(digest)).attrs
        held = found.get("Config") or {}
        pairs = (word.partition("=") for word in held.get("Env") or [])
        return ImageConfig(
            platform=f"{found['Os']}/{found['Architecture']}",
            entrypoint=tuple(held.get("Entrypoint") or ()),
            command=tuple(held.get("Cmd") or ()),
            user=held.get("User") or "",
            directory=held.get("WorkingDir") or "/",
            environment={name: value for name, _, value in pairs},
            labels=held.get("Labels") or {},
        )

    def sweep(self) -> None:
        try:
            self._sweep(kept=frozenset())
        except EngineLost:
            with self._lock:
                running = list(self._running)
            for program in running:
                kill_marked(program.made.mark)
            raise

    def _sweep_after_loss(self) -> None:
        """What a lost engine could not remove is there again when it is back."""
        with self._lock:
            if not self._was_lost:
                return
            kept = frozenset(program.made.id for program in self._running)
        self._sweep(kept)
        with self._lock:
            self._was_lost = False

    def _sweep(self, kept: frozenset[str]) -> None:
        label = "=".join(next(iter(self._labels.items())))
        with self._connection.speaking("remove what an earlier run left"):
            for container in self._client.containers.list(
                all=True, filters={"label": label}, ignore_removed=True
            ):
                made = Made(container, None, "")
                if made.id not in kept:
                    made.remove()
            for network in self._client.networks.list(filters={"label": label}):
                # One that a server of ours uses still is refused.
                with suppress(APIError):
                    network.remove()


def require_room(tree: Path, storage: Path | None) -> None:
    """Raises OSError (ENOSPC) before the copy would fill the engine's disk.

    On a disk that is full to the last byte podman cannot even remove a container.
    """
    if storage is None:
        return
    size = sum(path.lstat().st_size for path in tree.rglob("*"))
    if size + RESERVE > shutil.disk_usage(storage).free:
        raise OSError(errno.ENOSPC, f"{size // 10**6} MB do not fit on the disk of {storage}")


def _network_mode(launch: Launch) -> str:
    if launch.serves:
        return "bridge"  # its port is published
    if launch.isolated:
        return "none"
    # The laptop's AWS listens on loopback, which only the host's own network reaches.
    return "host" if ON_LINUX else "bridge"


def _port(launch: Launch) -> int:
    return int(launch.environment.get(PORT_VARIABLE, PORT))


def _address(made: Made, launch: Launch) -> tuple[str, int]:
    """Where it serves."""
    settings = made.container.attrs["NetworkSettings"]
    if made.network is not None:
        host = settings["Networks"].get(made.network.name, {}).get("IPAddress")
        return (host, _port(launch)) if host else (LOOPBACK, _port(launch))
    bindings = (settings.get("Ports") or {}).get(f"{_port(launch)}/tcp") or []
    # A server that ended at once has no port any more: its exit code and its log tell why.
    return LOOPBACK, int(bindings[0]["HostPort"]) if bindings else _port(launch)


def _quietly_remove(made: Made | Network) -> None:
    """After another error, which is the one to tell."""
    with suppress(APIError, EngineRefused, *BROKEN, *SILENT):
        made.remove()
