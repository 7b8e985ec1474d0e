"""Several hosts of one job as containers, against an engine that a test plays."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from docker.errors import APIError

from modelwharf.engines.container.cluster import ClusterNetwork
from modelwharf.engines.container.forwarder import Forwarder
from modelwharf.engines.engine import Launch
from tests.unit.engines.test_container_engine import (
    ENDED,
    MACHINE,
    FakeContainer,
    archive,
    engine_of,
)

ADDRESSES = [{"Subnet": "fd00::/64"}, {"Subnet": "127.1.9.0/24", "Gateway": "127.1.9.1"}]
GATEWAY, SUBNET = "127.1.9.1", ipaddress.IPv4Network("127.1.9.0/24")


class FakeNetwork:
    """The engine's answer; it chooses the addresses of one that was made without."""

    def __init__(self, networks: "FakeNetworks", name: str, options: dict[str, Any]) -> None:
        self.name, self.options = name, options
        self.attrs = {"IPAM": {"Config": ADDRESSES}}
        self._networks = networks

    def reload(self) -> None: ...

    def remove(self) -> None:
        self._networks.held.remove(self)


class FakeNetworks:
    """``refusals`` of those that ask for a subnet."""

    def __init__(self, refusals: int = 0) -> None:
        self.held: list[FakeNetwork] = []
        self.refusals = refusals

    def create(self, name: str, **options: Any) -> FakeNetwork:
        if "ipam" in options and self.refusals:
            self.refusals -= 1
            raise APIError("Pool overlaps with other one on this address space")
        self.held.append(FakeNetwork(self, name, options))
        return self.held[-1]

    @property
    def networks(self) -> "FakeNetworks":
        return self


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "ml/input").mkdir(parents=True)
    return tmp_path / "ml"


def options_of_hosts(
    tree: Path, *, isolated: bool, local: bool = True, url: str = ""
) -> tuple[list[dict[str, Any]], FakeNetworks]:
    container = FakeContainer(ENDED, files=archive({}))
    engine = engine_of(container, replace(MACHINE, local=local))
    client = cast(Any, engine)._client
    client.networks, client._version = FakeNetworks(), "1.41"
    found = []
    environment = {"AWS_ENDPOINT_URL": url} if url else {}
    launch = Launch("sha256:1", ("train",), environment, tree, isolated=isolated)
    with closing(engine.cluster("job/one", 2, isolated=isolated)) as cluster:
        assert [host.name for host in cluster.hosts] == ["algo-1", "algo-2"]
        for number, host in enumerate(cluster.hosts):
            cluster.run(number, launch, lambda line: None).wait(10)
            found.append({**container.options, "interface": host.interface})
    return found, client.networks


def test_every_host_has_an_address_and_knows_all_names(tree: Path) -> None:
    (first, second), networks = options_of_hosts(tree, isolated=True)
    assert [first["hostname"], second["hostname"]] == ["algo-1", "algo-2"]
    names = {"algo-1": "127.1.9.2", "algo-2": "127.1.9.3"}
    assert first["extra_hosts"] == second["extra_hosts"] == names
    (place,) = second["networking_config"].values()
    assert place["IPAMConfig"] == {"IPv4Address": "127.1.9.3"}
    assert second["network"] in second["networking_config"]
    assert "network_mode" not in second
    assert second["interface"] == "eth0"
    assert networks.held == [], "the network goes with the job"


def test_isolated_hosts_reach_each_other_alone(tree: Path) -> None:
    container = FakeContainer(ENDED)
    engine = engine_of(container)
    client = cast(Any, engine)._client
    client.networks = networks = FakeNetworks()
    with closing(engine.cluster("job/one", 2, isolated=True)):
        assert [network.options["internal"] for network in networks.held] == [True]
        assert networks.held[0].options["labels"] == {"modelwharf.cloud": "/clouds/one"}


def test_hosts_that_are_not_isolated_reach_this_machines_aws_by_a_name(tree: Path) -> None:
    with listening() as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        (first, _), _ = options_of_hosts(tree, isolated=False, url=url)
    port = url.rpartition(":")[2]
    assert first["environment"]["AWS_ENDPOINT_URL"] == f"http://host.docker.internal:{port}"
    assert first["extra_hosts"]["host.docker.internal"] == GATEWAY


def test_hosts_of_an_engine_without_root_share_this_machines_network(tree: Path) -> None:
    url = "http://127.0.0.1:9"
    (first, second), networks = options_of_hosts(tree, isolated=False, local=False, url=url)
    assert first["network_mode"] == second["network_mode"] == "host"
    assert len(set(first["extra_hosts"].values())) == 2
    assert all(one.startswith("127.1.") for one in first["extra_hosts"].values())
    assert first["environment"]["AWS_ENDPOINT_URL"] == url
    assert (first["interface"], networks.held) == ("lo", [])


def test_a_subnet_that_somebody_took_is_chosen_anew(tree: Path) -> None:
    networks = FakeNetworks(refusals=2)
    made = ClusterNetwork.create(networks, "n")
    assert (made.subnet, made.gateway, len(networks.held)) == (SUBNET, GATEWAY, 1)
    networks = FakeNetworks(refusals=9)
    with pytest.raises(APIError, match="Pool overlaps"):
        ClusterNetwork.create(networks, "n")
    assert networks.held == []


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it got, once the caller has said all."""
    with listening() as server:

        def serve() -> None:
            while True:
                try:
                    one, _ = server.accept()
                except OSError:
                    return
                with one, one.makefile("rb") as said:
                    one.sendall(said.read())

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def said(address: str, port: int, words: bytes, source: str) -> bytes:
    with socket.create_connection((address, port), 10, source_address=(source, 0)) as call:
        call.sendall(words)
        call.shutdown(socket.SHUT_WR)
        with call.makefile("rb") as answer:
            return answer.read()


def test_a_forwarder_hands_on_every_byte_both_ways(echo: int) -> None:
    words = bytes(range(256)) * 4096
    with closing(Forwarder(GATEWAY, SUBNET, echo)):
        for host in ("127.1.9.2", "127.1.9.3"):
            assert said(GATEWAY, echo, words, source=host) == words


def test_a_forwarder_answers_its_own_network_alone(echo: int) -> None:
    with closing(Forwarder(GATEWAY, SUBNET, echo)):
        answer = b""
        with suppress(OSError):  # broken off before, while or after it speaks
            answer = said(GATEWAY, echo, b"let me in", source="127.0.0.1")
        assert answer == b""


def test_a_closed_forwarder_breaks_off_what_is_open(echo: int) -> None:
    forwarder = Forwarder(GATEWAY, SUBNET, echo)
    with socket.create_connection((GATEWAY, echo), 10, source_address=("127.1.9.2", 0)) as call:
        call.sendall(b"x")
        forwarder.close()
        call.settimeout(10)
        with suppress(OSError):
            assert call.recv(1) in (b"x", b"")
    with pytest.raises(ConnectionRefusedError):
        said(GATEWAY, echo, b"again", source="127.1.9.2")
