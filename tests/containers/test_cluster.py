"""Several hosts of one job on a real engine: they listen on one port, and call by name."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from modelwharf.engines.container import ContainerEngine
from modelwharf.engines.container.engine import LABEL
from modelwharf.engines.container.image_store import ImageStore
from modelwharf.engines.engine import Launch
from tests.containers import engines
from tests.containers.engines import PYTHON_BASE
from tests.containers.test_engine import Workshop, loopback  # noqa: F401 - a fixture
from tests.waiting import HUNG

# Listens on all its addresses, as most servers do: hosts of one network would clash.
TALK = """
import os, socket, sys, time
me, other = sys.argv[1:3]
server = socket.create_server(("0.0.0.0", 2222))
for look in range(200):
    try:
        call = socket.create_connection((other, 2222), timeout=30)
        break
    except OSError:
        time.sleep(0.1)
call.sendall(me.encode())
call.shutdown(socket.SHUT_WR)
print(os.uname().nodename, "heard", server.accept()[0].makefile().read())
print("own address", socket.gethostbyname(me) in os.popen("cat /proc/net/fib_trie").read())
open("/opt/ml/model/" + me, "w").write(other)
"""
ASK = """
import os, urllib.request
try:
    print(urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], timeout=5).read().decode())
except OSError as error:
    print("unreachable")
"""


@pytest.mark.parametrize("isolated", [True, False])
def test_two_hosts_talk_by_name_on_one_port(
    engine: engines.ContainerEngine,
    tmp_path: Path,
    isolated: bool,
    loopback: str,  # noqa: F811
) -> None:
    with closing(Workshop(engine.address, tmp_path, PYTHON_BASE)) as workshop:
        trees = [workshop.tree() for _ in range(2)]
        logs: list[list[str]] = [[], []]
        cluster = workshop.engine.cluster("training-job/two", 2, isolated=isolated)
        with closing(cluster):
            names = [host.name for host in cluster.hosts]
            assert names == ["algo-1", "algo-2"]
            programs = [
                cluster.run(
                    number,
                    Launch(
                        workshop.image.digest,
                        ("-c", TALK + ASK, names[number], names[1 - number]),
                        {"AWS_ENDPOINT_URL": loopback},
                        trees[number],
                        entrypoint=("python3",),
                        isolated=isolated,
                    ),
                    logs[number].append,
                )
                for number in range(2)
            ]
            assert [program.wait(HUNG) for program in programs] == [0, 0], logs
        answer = "unreachable" if isolated else "hello"
        assert logs == [
            ["algo-1 heard algo-2", "own address True", answer],
            ["algo-2 heard algo-1", "own address True", answer],
        ]
        assert (trees[1] / "model/algo-2").read_text() == "algo-1"
        filters = {"label": f"{LABEL}={tmp_path}"}
        assert workshop.connection.client.networks.list(filters=filters) == []


def test_hosts_of_an_engine_without_root_listen_on_their_own_addresses(
    engine: engines.ContainerEngine, tmp_path: Path
) -> None:
    with closing(Workshop(engine.address, tmp_path, PYTHON_BASE)) as workshop:
        machine = replace(workshop.connection.machine, local=False)
        connection = replace(workshop.connection, machine=machine)
        images = ImageStore(tmp_path / "images")
        images.remember(connection.client.images.get(PYTHON_BASE).attrs)
        shared = ContainerEngine(connection, images, workshop.processes, str(tmp_path))
        logs: list[list[str]] = [[], []]
        with closing(shared.cluster("training-job/shared", 2, isolated=False)) as cluster:
            names = [host.name for host in cluster.hosts]
            programs = [
                cluster.run(
                    number,
                    Launch(
                        workshop.image.digest,
                        ("-c", TALK.replace('"0.0.0.0"', "me"), names[number], names[1 - number]),
                        {},
                        workshop.tree(),
                        entrypoint=("python3",),
                    ),
                    logs[number].append,
                )
                for number in range(2)
            ]
            assert [program.wait(HUNG) for program in programs] == [0, 0], logs
        assert [log[1] for log in logs] == ["algo-1 heard algo-2", "algo-2 heard algo-1"]
        assert "must listen on its own" in logs[0][0]


def test_a_network_that_a_killed_cloud_left_is_swept(
    engine: engines.ContainerEngine, tmp_path: Path
) -> None:
    with closing(Workshop(engine.address, tmp_path, PYTHON_BASE)) as workshop:
        workshop.engine.cluster("training-job/left", 2, isolated=True)
        filters = {"label": f"{LABEL}={tmp_path}"}
        assert len(workshop.connection.client.networks.list(filters=filters)) == 1
        workshop.engine.sweep()
        assert workshop.connection.client.networks.list(filters=filters) == []
