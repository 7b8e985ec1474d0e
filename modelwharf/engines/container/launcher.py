"""Create and start the container of one launch."""

import errno
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError
from docker.models.containers import Container
from docker.models.networks import Network

from modelwharf.engines.container.archives import owner_of, packed
from modelwharf.engines.container.connection import (
    BROKEN,
    SILENT,
    Connection,
    EngineRefused,
    inspect_again,
)
from modelwharf.engines.container.created_container import OPT_ML, CreatedContainer
from modelwharf.engines.container.networking import (
    LOOPBACK,
    Networking,
    job_networking,
    port_of,
    server_networking,
)
from modelwharf.engines.container.options import container_options
from modelwharf.engines.container.output import close_output
from modelwharf.engines.engine import Launch, LogSink
from modelwharf.engines.processes import CloudStopping, Processes

RESERVE = 32 * 1024 * 1024  # bytes, for the engine itself


@dataclass(frozen=True)
class Started:
    """A running container, its complete output, and the address where it serves."""

    created: CreatedContainer
    output: Iterator[tuple[bytes | None, bytes | None]]
    address: tuple[str, int] | None


class Launcher:
    """Starts containers through one connection. ``labels`` identify their owner."""

    def __init__(
        self, connection: Connection, processes: Processes, labels: Mapping[str, str]
    ) -> None:
        self._connection = connection
        self._processes = processes
        self._labels = dict(labels)
        machine = connection.machine
        self.limits = machine.limits_memory and machine.limits_cpus
        """Whether memory and CPUs can be limited."""

    def require_open(self) -> None:
        """Raise CloudStopping when the cloud is stopping."""
        if self._processes.closed:
            raise CloudStopping("the cloud is stopping and starts no container any more")

    def networking(self, launch: Launch, log: LogSink) -> Networking:
        """Return a launch's network options without a cluster; a server may get a network."""
        if not launch.serves:
            return job_networking(launch)
        if not launch.isolated:
            return server_networking(launch, None)
        if not self._connection.machine.local:
            log(
                "[laptop] the server is not isolated from the network: this engine's "
                "containers can be reached through published ports alone"
            )
            return server_networking(launch, None)
        with self._connection.speaking("make a network"):
            network = self._connection.client.networks.create(
                name_of(launch.name)[0], driver="bridge", internal=True, labels=self._labels
            )
        return server_networking(launch, network)

    def start(self, image: str, launch: Launch, networking: Networking, log: LogSink) -> Started:
        """Start it. Raises EngineLost, EngineRefused, CloudStopping or OSError."""
        require_room(launch.tree, self._connection.machine.storage)
        speaking = self._connection.speaking
        created = self._created(image, launch, networking)
        if not self.limits and launch.limits.memory_mib is not None:
            log(f"[laptop] {self._connection.product} cannot limit memory or CPUs here")
        container = created.container
        with ExitStack() as undo:
            undo.callback(quietly_remove, created)
            with speaking("start the container"):
                self._lay_out(container)
            with speaking(f"copy {launch.tree} into the container"):
                owner = owner_of(launch.user)
                container.put_archive(OPT_ML, packed(launch.tree, owner))
                for volume in created.volumes:
                    folder = launch.tree / volume
                    if folder.is_dir():
                        container.put_archive(f"{OPT_ML}/{volume}", packed(folder, owner))
            with speaking("start the container"):
                # Attach before the start, so that no line is missed.
                output = container.attach(stdout=True, stderr=True, stream=True, demux=True)
                undo.callback(close_output, output)
                self.require_open()  # the cloud's last sweep may have been before this container
                self._processes.watch(created.mark)
                undo.callback(self._processes.forget, created.mark)
                container.start()
                inspect_again(container.reload)
            address = _address(created, launch) if launch.serves else None
            undo.pop_all()
        return Started(created, output, address)

    def _created(self, image: str, launch: Launch, networking: Networking) -> CreatedContainer:
        """Create the container without starting it."""
        name, mark = name_of(launch.name)
        options = container_options(launch, networking, self._connection.machine, mark)
        with self._connection.speaking(f"create a container of {image}"):
            container = self._connection.client.containers.create(
                image, name=name, labels=self._labels, **options
            )
        return CreatedContainer(container, networking.network, mark)

    def _lay_out(self, container: Container) -> None:
        """Bring the image's own files below /opt/ml, such as /opt/ml/code, into the volume.

        Docker does this when it creates a volume; podman does it before the start, if the volume is
        still empty.
        """
        if self._connection.is_podman:
            api: Any = self._connection.client.api
            initialised = api._post(f"{api.base_url}/v4.0.0/libpod/containers/{container.id}/init")
            api._raise_for_status(initialised)


def require_room(tree: Path, storage: Path | None) -> None:
    """Raise OSError (ENOSPC) if the copy would fill the engine's disk.

    On a completely full disk podman cannot even remove a container.
    """
    if storage is None:
        return
    size = sum(path.lstat().st_size for path in tree.rglob("*"))
    if size + RESERVE > shutil.disk_usage(storage).free:
        raise OSError(errno.ENOSPC, f"{size // 10**6} MB do not fit on the disk of {storage}")


def _address(created: CreatedContainer, launch: Launch) -> tuple[str, int]:
    """Return the address where it serves."""
    settings = created.container.attrs["NetworkSettings"]
    if created.network is not None:
        host = settings["Networks"].get(created.network.name, {}).get("IPAddress")
        return (host, port_of(launch)) if host else (LOOPBACK, port_of(launch))
    bindings = (settings.get("Ports") or {}).get(f"{port_of(launch)}/tcp") or []
    # A server that ended at once has no port any more: its exit code and its log tell why.
    return LOOPBACK, int(bindings[0]["HostPort"]) if bindings else port_of(launch)


def name_of(what: str) -> tuple[str, str]:
    """Return a readable name for a container or a network, and the mark that makes it unique."""
    mark = uuid.uuid4().hex
    return f"wharf-{re.sub(r'[^a-zA-Z0-9.-]+', '-', what)}-{mark[:8]}", mark


def quietly_remove(created: CreatedContainer | Network) -> None:
    """Remove it after another error; that error is the one to report."""
    with suppress(APIError, EngineRefused, *BROKEN, *SILENT):
        created.remove()
