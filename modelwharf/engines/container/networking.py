"""A container's network options, as keywords of the SDK's ``containers.create``."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from docker.models.networks import Network

from modelwharf.engines.engine import Host, Launch

LOOPBACK = "127.0.0.1"
PORT = 8080  # SageMaker's serving contract
PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"
ON_LINUX = sys.platform == "linux"  # elsewhere containers run in a VM
FROM_CONTAINERS = "host.docker.internal"  # this machine, as containers with a network call it
# The host of a job with one host. On Linux it shares this machine's network, or has none.
ALONE = Host() if ON_LINUX else Host(interface="eth0")


@dataclass(frozen=True)
class Networking:
    """Network options; see the module. ``network`` is for this one container, removed with it."""

    options: Mapping[str, Any]
    machine: str = LOOPBACK if ON_LINUX else FROM_CONTAINERS
    """The name by which the container reaches servers on this machine's loopback."""
    network: Network | None = None


def job_networking(launch: Launch) -> Networking:
    """Return the options for a single host: only the host's network reaches AWS on loopback."""
    mode = "none" if launch.isolated else "host" if ON_LINUX else "bridge"
    options: dict[str, Any] = {"network_mode": mode, "hostname": ALONE.name}
    if ON_LINUX:  # elsewhere the container's own network resolves its name
        options["extra_hosts"] = {ALONE.name: LOOPBACK}
    return Networking(options)


def server_networking(launch: Launch, network: Network | None) -> Networking:
    """Return the options for a server: a published port, or an internal network of its own."""
    if network is not None:
        return Networking({"network": network.name}, network=network)
    ports = {f"{port_of(launch)}/tcp": (LOOPBACK, None)}
    return Networking({"network_mode": "bridge", "ports": ports})


def port_of(launch: Launch) -> int:
    """Return the port on which the program serves."""
    return int(launch.environment.get(PORT_VARIABLE, PORT))
