"""The container engine: Docker or podman, through the socket API that both serve.

``/opt/ml`` is an anonymous volume, filled before the start and read back after the end. So it makes
no difference whether the engine runs here, rootless, in a VM or on another machine, and no file on
this machine comes to belong to root.
"""

import itertools
import json
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from docker.errors import APIError

from modelwharf.engines.container import base_image, builds
from modelwharf.engines.container.cluster import (
    ClusterNetwork,
    ContainerCluster,
    shared_addresses,
)
from modelwharf.engines.container.command_line import (
    DOCKER_HOST,
    IMAGES,
    MACHINE,
    STATE,
    machine_variables,
)
from modelwharf.engines.container.connection import (
    Connection,
)
from modelwharf.engines.container.container import ContainerProgram
from modelwharf.engines.container.created_container import CreatedContainer
from modelwharf.engines.container.image_store import ImageStore
from modelwharf.engines.container.launcher import Launcher, name_of, quietly_remove
from modelwharf.engines.container.networking import (
    ALONE,
    FROM_CONTAINERS,
    ON_LINUX,
    Networking,
    port_of,
)
from modelwharf.engines.engine import (
    BuildRequest,
    DockerProgram,
    EngineLost,
    Image,
    ImageConfig,
    Launch,
    LogSink,
)
from modelwharf.engines.manifest import LISTS
from modelwharf.engines.memory_kills import memory_kills
from modelwharf.engines.processes import Processes
from modelwharf.engines.reaper import kill_marked

LABEL = "modelwharf.cloud"
NO_CONTENT = 204


class ContainerEngine:
    """Docker or podman as an engine; see the module. Implements modelwharf.engines.engine.Engine.

    ``owner`` labels what is created, so that ``sweep`` finds it again: a cloud's directory.
    """

    name = "docker"
    names_of_this_machine: tuple[str, ...] = (FROM_CONTAINERS,)

    def __init__(
        self,
        connection: Connection,
        images: ImageStore,
        processes: Processes,
        owner: str,
        kills: Callable[[], int | None] = memory_kills,
    ) -> None:
        self._labels = {LABEL: owner}
        self._launcher = Launcher(connection, processes, self._labels)
        self.description = f"docker ({connection.description})"
        self.unsupported: tuple[str, ...] = () if self._launcher.limits else ("limits",)
        self.host = ALONE
        self._connection = connection
        self._images = images
        self._processes = processes
        self._kills = kills
        self._running: set[ContainerProgram] = set()
        self._lock = Lock()
        self._was_lost = False
        self._jobs = itertools.count()

    @property
    def api_version(self) -> str:
        """The version of the engine's API, for the SDK's types."""
        return str(self._client.api._version)

    def cluster(self, name: str, count: int, *, isolated: bool) -> ContainerCluster:
        self._launcher.require_open()
        self._sweep_after_loss()
        if ON_LINUX and not isolated and not self._connection.machine.local:
            addresses = shared_addresses(next(self._jobs), count)
            return ContainerCluster(self, addresses, None, isolated, quietly_remove)
        with self._connection.speaking("make a network"):
            network = ClusterNetwork.create(
                self._client, name_of(name)[0], internal=isolated, labels=self._labels
            )
        addresses = network.addresses(count)
        return ContainerCluster(self, addresses, network, isolated, quietly_remove)

    def run(self, launch: Launch, log: LogSink) -> ContainerProgram:
        with ExitStack() as undo:
            networking = self._launcher.networking(launch, log)
            if networking.network is not None:
                undo.callback(quietly_remove, networking.network)
            program = self.start(launch, networking, log)
            undo.pop_all()
        return program

    def start(self, launch: Launch, networking: Networking, log: LogSink) -> ContainerProgram:
        """Start a container as ``run`` does, with these network options."""
        image = self._images.local(launch.digest)
        self._launcher.require_open()
        self._sweep_after_loss()
        try:
            return self._started(image, launch, networking, log)
        except EngineLost:
            self._was_lost = True
            raise

    def _started(
        self, image: str, launch: Launch, networking: Networking, log: LogSink
    ) -> ContainerProgram:
        started = self._launcher.start(image, launch, networking, log)
        with self._lock:  # it may end at once, and must be added before it is removed
            program = ContainerProgram(
                self._connection,
                started.created,
                started.output,
                log,
                address=started.address,
                port=port_of(launch),
                tree=None if launch.serves else launch.tree,
                memory_mib=launch.limits.memory_mib,
                ended=self._forget,
                kills=self._kills,
            )
            self._running.add(program)
        return program

    @property
    def _client(self) -> Any:
        return self._connection.client

    def _forget(self, program: ContainerProgram) -> None:
        with self._lock:
            self._running.discard(program)
            self._was_lost = self._was_lost or program.lost
        self._processes.forget(program.created.mark)

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
        """Return a list's media type; "" for a single image.

        Docker reports it with the image. Podman reports the platform's own image for such a name,
        so its manifest is read.
        """
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
                kill_marked(program.created.mark)
            raise

    def _sweep_after_loss(self) -> None:
        """Remove what a lost engine could not remove, once it is back."""
        with self._lock:
            if not self._was_lost:
                return
            kept = frozenset(program.created.id for program in self._running)
        self._sweep(kept)
        with self._lock:
            self._was_lost = False

    def _sweep(self, kept: frozenset[str]) -> None:
        label = "=".join(next(iter(self._labels.items())))
        with self._connection.speaking("remove what an earlier run left"):
            for container in self._client.containers.list(
                all=True, filters={"label": label}, ignore_removed=True
            ):
                created = CreatedContainer(container, None, "")
                if created.id not in kept:
                    created.remove()
            for network in self._client.networks.list(filters={"label": label}):
                # The engine refuses to remove a network that one of our servers still uses.
                with suppress(APIError):
                    network.remove()
