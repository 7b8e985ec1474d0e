"""The hosts of one job as containers, each with an address in a network of their own.

Such a network may cut the hosts off from servers on this machine (an engine without root, or on
another machine). Then hosts that are not isolated share this machine's network, on loopback
addresses.
"""

import ipaddress
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol
from urllib.parse import urlsplit

from docker.errors import APIError
from docker.models.networks import Network
from docker.types import EndpointConfig, IPAMConfig, IPAMPool

from modelwharf.engines import loopback
from modelwharf.engines.container.forwarder import Forwarder
from modelwharf.engines.container.networking import FROM_CONTAINERS, LOOPBACK, ON_LINUX, Networking
from modelwharf.engines.container.options import ENDPOINT
from modelwharf.engines.engine import Host, Launch, LogSink, Program, host_label

TRIES = 5  # attempts, because another program may take a subnet at the same time


class Starter(Protocol):
    """The part of the engine that a cluster needs."""

    @property
    def api_version(self) -> str:
        """The version of the engine's API, for the SDK's types."""

    def start(self, launch: Launch, networking: Networking, log: LogSink) -> Program:
        """Start a container with these network options. Raises what Engine.run raises."""


@dataclass(frozen=True)
class ClusterNetwork:
    """A bridge network of the engine, with its subnet and gateway."""

    network: Network
    subnet: ipaddress.IPv4Network
    gateway: str

    @classmethod
    def create(cls, client: Any, name: str, **options: Any) -> "ClusterNetwork":
        """Create the network. Raises APIError.

        Docker gives a container a fixed address only in a subnet that was requested explicitly. So
        the engine first chooses a subnet for a temporary network, and that subnet is then
        requested.
        """
        for attempt in range(TRIES):
            first = client.networks.create(name, driver="bridge", **options)
            try:
                first.reload()
                subnet, gateway = _addresses(first.attrs)
            finally:
                first.remove()
            pool = IPAMPool(subnet=str(subnet), gateway=gateway)
            ipam = IPAMConfig(pool_configs=[pool])
            try:
                made = client.networks.create(name, driver="bridge", ipam=ipam, **options)
            except APIError:
                if attempt == TRIES - 1:
                    raise
            else:
                return cls(made, subnet, gateway)
        raise AssertionError("unreachable")

    def addresses(self, count: int) -> list[str]:
        """Return addresses for ``count`` hosts."""
        found = (str(one) for one in self.subnet.hosts() if str(one) != self.gateway)
        return [next(found) for _ in range(count)]


@dataclass
class ContainerCluster:
    """Implements modelwharf.engines.engine.Cluster. ``addresses`` are in the order of the hosts.

    With ``network`` None the hosts share this machine's. ``remove`` removes a network and raises
    nothing.
    """

    engine: Starter
    addresses: list[str]
    network: ClusterNetwork | None
    isolated: bool
    remove: Callable[[Network], None]
    _forwarder: Forwarder | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def hosts(self) -> tuple[Host, ...]:
        interface = "lo" if self.network is None else "eth0"
        return tuple(Host(host_label(n), interface) for n in range(len(self.addresses)))

    def run(self, number: int, launch: Launch, log: LogSink) -> Program:
        if self.network is None:
            log(
                "[laptop] this engine's hosts are addresses of one loopback: a program must "
                "listen on its own (current_host), not on all"
            )
        self._let_through(launch)
        return self.engine.start(launch, self._networking(number), log)

    def close(self) -> None:
        if self._forwarder is not None:
            self._forwarder.close()
        if self.network is not None:
            self.remove(self.network.network)

    def _networking(self, number: int) -> Networking:
        names = {host_label(n): address for n, address in enumerate(self.addresses)}
        options: dict[str, Any] = {"hostname": host_label(number), "extra_hosts": names}
        if self.network is None:
            return Networking({**options, "network_mode": "host"})
        name = str(self.network.network.name)
        place = EndpointConfig(self.engine.api_version, ipv4_address=self.addresses[number])
        if ON_LINUX and not self.isolated:
            names[FROM_CONTAINERS] = self.network.gateway
        options |= {"network": name, "networking_config": {name: place}}
        return Networking(options, machine=FROM_CONTAINERS)

    def _let_through(self, launch: Launch) -> None:
        """Forward to the port of this machine's loopback that the launch's endpoint names.

        In a VM the engine does this itself. Raises OSError.
        """
        url = urlsplit(launch.environment.get(ENDPOINT, ""))
        if self.network is None or self.isolated or url.hostname != LOOPBACK or not ON_LINUX:
            return
        with self._lock:
            if self._forwarder is None:
                port = url.port or 80
                self._forwarder = Forwarder(self.network.gateway, self.network.subnet, port)


def shared_addresses(job: int, count: int) -> list[str]:
    """Return addresses for hosts that share this machine's network."""
    return [loopback.address(job, number) for number in range(count)]


def _addresses(attributes: dict[str, Any]) -> tuple[ipaddress.IPv4Network, str]:
    """Return the subnet and gateway that the engine chose. Raises OSError without IPv4."""
    for found in attributes["IPAM"]["Config"] or ():
        with suppress(ValueError):
            subnet = ipaddress.IPv4Network(found["Subnet"])
            gateway = str(found.get("Gateway") or subnet[1]).partition("/")[0]
            return subnet, gateway
    raise OSError(f"the engine's network {attributes.get('Name')} has no IPv4 addresses")
