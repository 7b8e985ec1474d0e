"""The laptop's container engine on a real one: runs, limits, ends, and what is left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from modelwharf.engines.container import Connection, ContainerEngine, connect
from modelwharf.engines.container.container import ContainerProgram
from modelwharf.engines.container.engine import LABEL
from modelwharf.engines.container.image_store import ImageStore
from modelwharf.engines.engine import EngineLost, Image, Launch, Limits
from modelwharf.engines.listening import NOWHERE
from modelwharf.engines.processes import Processes
from tests.containers import engines
from tests.containers.engines import PYTHON_BASE, status_of
from tests.containers.private_engines import PrivateEngine, private_engine
from tests.waiting import HUNG, has_ended, until

ROOT = Path(__file__).parents[2]


class Workshop:
    """An engine of ours in a folder of its own, and the programs that it ran."""

    def __init__(self, address: str, folder: Path, image: str) -> None:
        self.folder = folder
        self.connection: Connection = connect({**os.environ, "DOCKER_HOST": address}, timeout=60)
        images = ImageStore(folder / "images")
        self.processes = Processes()
        self.engine = ContainerEngine(self.connection, images, self.processes, str(folder))
        self.image: Image = self.engine.find(image)
        self.lines: list[str] = []

    def tree(self) -> Path:
        tree = self.folder / "runs" / str(time.monotonic_ns()) / "ml"
        for name in ("input/data/train", "model", "output/data"):
            (tree / name).mkdir(parents=True)
        (tree / "input/data/train/rows.csv").write_text("1\n2\n")
        (tree / "model/old.txt").write_text("old")
        return tree

    def start(self, *words: str, tree: Path | None = None, **options: Any) -> ContainerProgram:
        self.lines.clear()
        launch = Launch(
            self.image.digest,
            words[1:],
            {"LETTER": "a"},
            tree or self.tree(),
            entrypoint=words[:1],
            **options,
        )
        return self.engine.run(launch, self.lines.append)

    def output(self, *words: str, **options: Any) -> list[str]:
        program = self.start(*words, **options)
        assert program.wait(HUNG) == 0, self.lines
        return list(self.lines)

    def python(self, code: str, **options: Any) -> ContainerProgram:
        return self.start("python3", "-c", code, **options)

    def containers(self) -> list[Any]:
        filters: dict[str, str | list[str] | bool] = {"label": f"{LABEL}={self.folder}"}
        found: list[Any] = self.connection.client.containers.list(all=True, filters=filters)
        return found

    def close(self) -> None:
        self.engine.sweep()
        self.processes.stop_all()
        self.connection.close()


@pytest.fixture
def workshop(engine: engines.ContainerEngine, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(engine.address, tmp_path, PYTHON_BASE)
    with closing(made):
        yield made


def test_a_job_finds_its_tree_and_what_it_writes_comes_back(workshop: Workshop) -> None:
    tree = workshop.tree()
    program = workshop.python(
        "import os\n"
        "rows = open('/opt/ml/input/data/train/rows.csv').read()\n"
        "open('/opt/ml/model/model.txt', 'w').write(rows + os.environ['LETTER'])\n"
        "os.unlink('/opt/ml/model/old.txt')\n"
        "os.unlink('/opt/ml/input/data/train/rows.csv')\n"
        "os.link('/opt/ml/model/model.txt', '/opt/ml/model/same.txt')\n"
        "os.symlink('/etc/passwd', '/opt/ml/output/data/away')\n"
        "print(os.uname().nodename)",
        tree=tree,
    )
    assert program.wait(HUNG) == 0
    assert workshop.lines[0] == "algo-1"
    found = {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}
    assert found == {"input/data/train/rows.csv", "model/model.txt", "model/same.txt"}
    assert (tree / "model/same.txt").read_text() == "1\n2\na"
    assert "output" not in str([path for path in tree.rglob("*") if path.is_symlink()])
    assert "data/away is left out" in workshop.lines[1]
    assert workshop.containers() == []


def test_what_an_image_has_below_opt_ml_stays_beside_the_tree(
    engine: engines.ContainerEngine, tmp_path: Path, tag: str
) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {PYTHON_BASE}\nRUN mkdir -p /opt/ml/code && echo own > /opt/ml/code/program\n"
    )
    engine.build(tmp_path, f"localhost/code:{tag}")
    words = ("cat", "/opt/ml/code/program", "/opt/ml/input/data/train/rows.csv")
    with closing(Workshop(engine.address, tmp_path / "cloud", f"localhost/code:{tag}")) as made:
        assert made.output(*words, read_only=True) == ["own", "1", "2"]


def test_every_line_of_both_streams_is_there_when_the_end_is_reported(workshop: Workshop) -> None:
    lines = workshop.output(
        "python3",
        "-c",
        "import sys\n"
        "for n in range(20000): print(n)\n"
        "sys.stdout.flush(); sys.stderr.write('half ')\n"
        "print('whole', flush=True); sys.stderr.write('the rest')",
    )
    assert lines[:20000] == [str(n) for n in range(20000)]
    assert lines[20000:] == ["whole", "half the rest"]


def test_an_isolated_job_has_no_network(workshop: Workshop) -> None:
    assert workshop.output("ls", "/sys/class/net", isolated=True) == ["lo"]


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def loopback() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_job_reaches_what_listens_on_this_machines_loopback(
    workshop: Workshop, loopback: str
) -> None:
    code = f"from urllib.request import urlopen; print(urlopen('{loopback}').read().decode())"
    assert workshop.output("python3", "-c", code) == ["hello"]


@pytest.mark.parametrize("isolated", [False, True])
def test_a_job_s_host_resolves_to_the_interface_that_it_is_given(
    workshop: Workshop, isolated: bool
) -> None:
    code = "import socket; print(socket.gethostbyname('algo-1'), socket.gethostname())"
    assert workshop.output("python3", "-c", code, isolated=isolated) == ["127.0.0.1 algo-1"]


def test_too_little_memory_is_named_with_the_limit(workshop: Workshop) -> None:
    program = workshop.python("bytearray(300_000_000)", limits=Limits(memory_mib=100))
    assert program.wait(HUNG) == 137
    assert "out of memory" in str(program.killed_for)
    assert "limit 100 MiB" in str(program.killed_for)


def test_cpus_are_limited_to_those_of_the_machine_at_most(workshop: Workshop) -> None:
    workshop.output("cat", "/dev/null", limits=Limits(memory_mib=100, cpus=96.0))
    program = workshop.start("sleep", "60", limits=Limits(cpus=0.5))
    (container,) = workshop.containers()
    assert container.attrs["HostConfig"]["NanoCpus"] == 500_000_000
    program.stop(0)


def test_a_read_only_program_has_tmp_and_opt_ml_alone(workshop: Workshop) -> None:
    code = (
        "import subprocess\n"
        "for place in ('/opt/ml/model', '/tmp', '/srv'):\n"
        "    try: open(place + '/x', 'w').write('#!/bin/sh\\necho ran')\n"
        "    except OSError as error: print(place, error.strerror)\n"
        "print(subprocess.run(['sh', '-c', 'chmod +x /tmp/x && /tmp/x'], "
        "capture_output=True, text=True).stdout.strip())\n"
    )
    lines = workshop.output("python3", "-c", code, read_only=True)
    assert lines == ["/srv Read-only file system", "ran"]


def test_a_user_of_the_launch_may_write_to_its_tree(workshop: Workshop) -> None:
    tree = workshop.tree()
    code = "import os; open('/opt/ml/model/m', 'w').write(str(os.getuid()))"
    workshop.output("python3", "-c", code, user="1000", tree=tree)
    assert (tree / "model/m").read_text() == "1000"
    assert (tree / "model/m").stat().st_uid == os.getuid()


def test_sigterm_comes_first_and_its_exit_code_counts(workshop: Workshop) -> None:
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n    open('/opt/ml/model/checkpoint', 'w').write('7'); sys.exit(3)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('up', flush=True)\n"
        "time.sleep(300)"
    )
    tree = workshop.tree()
    program = workshop.python(code, tree=tree)
    until(lambda: workshop.lines, "the first line")
    assert program.stop(grace=20) == 3
    assert (tree / "model/checkpoint").read_text() == "7"
    assert program.killed_for is None


def test_who_does_not_listen_to_sigterm_is_killed(workshop: Workshop) -> None:
    program = workshop.start("sleep", "300")  # PID 1 has no default for SIGTERM
    assert program.stop(grace=1) == 137
    assert program.killed_for is None
    assert workshop.containers() == []


SERVER = (
    "from http.server import *\n"
    "class Pong(BaseHTTPRequestHandler):\n"
    "    def do_GET(self): self.send_response(200); self.end_headers()\n"
    "ThreadingHTTPServer(('', 8080), Pong).serve_forever()"
)


@pytest.mark.parametrize("isolated", [False, True])
def test_a_server_is_reached_and_leaves_nothing(workshop: Workshop, isolated: bool) -> None:
    program = workshop.python(SERVER, serves=True, isolated=isolated, read_only=True)
    assert program.address is not None
    host, port = program.address
    until(lambda: status_of(f"http://{host}:{port}/ping") == 200, "an answer", seconds=20)
    program.stop(0)
    assert workshop.containers() == []
    networks = workshop.connection.client.networks.list(filters={"label": LABEL})
    assert str(workshop.folder) not in str([network.attrs for network in networks])


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("('127.0.0.1', 8080)", "it listens on 127.0.0.1:8080 alone, which nothing outside"),
        ("('0.0.0.0', 5000)", "it listens on 0.0.0.0:5000, and not on port 8080"),
    ],
)
def test_a_server_that_is_unreachable_is_told_where_it_listens(
    workshop: Workshop, place: str, said: str
) -> None:
    code = f"import socket, time; one = socket.create_server({place}); time.sleep(600)"
    program = workshop.python(code, serves=True)
    assert said in until(lambda: program.unreachable.removesuffix(NOWHERE), "where it listens")


def test_an_images_own_volumes_do_not_hide_what_a_job_finds_and_writes(
    engine: engines.ContainerEngine, tmp_path: Path, tag: str
) -> None:
    context = tmp_path / "context"
    context.mkdir()
    volumes = "VOLUME /opt/ml/model /opt/ml/output/data\n"
    (context / "Dockerfile").write_text(f"FROM {PYTHON_BASE}\n{volumes}")
    name = f"localhost/modelwharf/volumes:{tag}"
    engine.build(context, name)
    with closing(Workshop(engine.address, tmp_path / "workshop", name)) as workshop:
        tree = workshop.tree()
        words = "cat /opt/ml/model/old.txt; echo 2 > /opt/ml/output/data/report"
        assert workshop.output("sh", "-c", words, tree=tree) == ["old"]
        assert (tree / "model/old.txt").read_text() == "old"
        assert (tree / "output/data/report").read_text() == "2\n"


def test_an_isolated_server_reaches_nobody(workshop: Workshop) -> None:
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"
    program = workshop.python(code, serves=True, isolated=True)
    assert program.wait(HUNG) == 1
    assert workshop.lines[-1].endswith(("Network is unreachable", "TimeoutError: timed out"))


def test_a_program_that_is_not_in_the_image_is_named(workshop: Workshop) -> None:
    with pytest.raises(OSError, match=r'exec: "train": executable file not found'):
        workshop.start("train")
    assert workshop.containers() == []


def test_a_sweep_takes_this_clouds_containers_and_no_others(
    workshop: Workshop, engine: engines.ContainerEngine, tmp_path: Path
) -> None:
    other = Workshop(engine.address, tmp_path / "other", PYTHON_BASE)
    with closing(other):
        mine, others = workshop.start("sleep", "300"), other.start("sleep", "300")
        workshop.engine.sweep()
        with suppress(EngineLost):  # it saw the end, or only that the container is gone
            assert mine.wait(HUNG) == 137
        assert others.poll() is None
        assert workshop.containers() == []


ORPHAN = """
import os, sys
from pathlib import Path
from tests.containers.test_engine import Workshop
workshop = Workshop(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
workshop.start("sleep", "300", serves=True, isolated=True)
print("started", flush=True)
sys.stdin.read()
"""


def has_stopped(container: Any) -> bool:
    container.reload()
    return not container.attrs["State"]["Running"]


def test_a_killed_cloud_leaves_nothing_running_and_the_next_one_sweeps_the_rest(
    engine: engines.ContainerEngine, tmp_path: Path
) -> None:
    words = [sys.executable, "-c", ORPHAN, engine.address, str(tmp_path), PYTHON_BASE]
    with subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cloud:
        assert cloud.stdout is not None
        assert cloud.stdout.readline() == "started\n"
        cloud.send_signal(signal.SIGKILL)
    workshop = Workshop(engine.address, tmp_path, PYTHON_BASE)
    with closing(workshop):
        (left,) = workshop.containers()
        until(lambda: has_stopped(left), "the end of the container")
        workshop.engine.sweep()
        assert workshop.containers() == []


@pytest.fixture
def own(engine: engines.ContainerEngine) -> Iterator[PrivateEngine]:
    with private_engine(engine) as started:
        yield started


def test_a_killed_engine_ends_what_it_ran_and_the_next_run_works(
    own: PrivateEngine, tmp_path: Path
) -> None:
    workshop = Workshop(own.address, tmp_path / "cloud", own.image)
    script = "echo up; sleep 300 & echo $!; wait"
    program = workshop.start("sh", "-c", script, isolated=True)
    until(lambda: workshop.lines, "the first line")
    container = workshop.containers()[0]
    pid = container.attrs["State"]["Pid"] or client_pid(own, container.id)
    own.kill()
    with pytest.raises(EngineLost, match=r"stopped answering at \d\d:\d\d:\d\d"):
        program.wait(HUNG)
    until(lambda: has_ended(pid), "the end of the program", seconds=20)
    with pytest.raises(EngineLost):
        workshop.start("sleep", "1", isolated=True)
    own.start()
    assert workshop.output("sh", "-c", "echo again", isolated=True) == ["again"]
    assert workshop.containers() == []
    workshop.close()


def client_pid(own: PrivateEngine, container: str) -> int:
    client = own.client()
    with closing(client):
        pid: int = client.api.inspect_container(container)["State"]["Pid"]
        return pid
