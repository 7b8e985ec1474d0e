"""Several workers over one model: who restarts them, and how they end without losing a request."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from fcntl import ioctl
from pathlib import Path
from termios import FIONREAD

import pytest

from modelwharf.serving.journal import GATHERED
from tests.unit.serving.fakes import ROWS, SUMS
from tests.unit.serving.servers import ROOT, Server, serving, started
from tests.unit.serving.talking import Connection
from tests.waiting import HUNG, has_ended, until

FAKE = "tests.unit.serving.fakes"
CSV = {"Content-Type": "text/csv"}
POST = b"POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 8\r\n\r\n" + ROWS
# Those of a program of Python that has loaded nothing, twice over; not those of a model.
OWN_MIB = 25


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    return tmp_path


@pytest.fixture(params=["1", "3"])
def server(base: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    with serving(base, program=FAKE, WHARF_WORKERS=request.param) as server:
        started(server).wait_for("serving")
        yield server


@pytest.fixture
def two(base: Path) -> Iterator[Server]:
    with serving(base, program=FAKE, WHARF_WORKERS="2") as server:
        started(server).wait_for("2 workers")
        until(lambda: len(workers(server)) == 2, "both run")
        yield server


def workers(server: Server) -> list[int]:
    pid = server.process.pid
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def asks(server: Server) -> int:
    return server.ask("POST", "/invocations", ROWS, CSV)[0]


def test_each_worker_answers(two: Server) -> None:
    def ids() -> set[str]:
        """Each worker makes ids of its own, with a beginning of its own."""
        with Connection(two.port) as connection:
            seen.add(connection.ask(POST).headers["x-amzn-requestid"].partition("-")[0])
        return seen

    seen: set[str] = set()
    until(lambda: len(ids()) == 2, "two workers answered")


def test_a_worker_that_dies_is_replaced_and_the_log_says_so(two: Server) -> None:
    victim, other = workers(two)
    os.kill(victim, signal.SIGKILL)
    two.wait_for(f"worker {victim} was killed by SIGKILL; the next starts in")

    def replaced() -> list[int] | None:
        now = workers(two)
        return now if len(now) == 2 and victim not in now else None

    assert other in until(replaced, "it is")
    assert all(asks(two) == 200 for _ in range(20))


def test_connections_that_wait_for_a_dead_worker_are_the_next_ones(two: Server) -> None:
    for pid in workers(two):
        os.kill(pid, signal.SIGSTOP)
    with ExitStack() as stack:
        clients = [stack.enter_context(Connection(two.port)) for _ in range(8)]
        for client in clients:
            client.send(POST)
        for pid in workers(two):
            os.kill(pid, signal.SIGKILL)
        assert [client.reply().body for client in clients] == [SUMS] * 8


def test_an_extra_worker_takes_little_memory_of_its_own(two: Server) -> None:
    assert all(asks(two) == 200 for _ in range(40))
    for pid in workers(two):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        private = sum(int(kib) for kib in re.findall(r"Private_\w+: +(\d+) kB", rollup))
        assert private < OWN_MIB * 1024


def test_no_worker_outlives_its_parent(two: Server) -> None:
    orphans = workers(two)
    two.process.kill()
    two.process.wait()
    for pid in orphans:
        until(lambda pid=pid: has_ended(pid), f"worker {pid} has ended")  # type: ignore[misc]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_parent_and_workers_with_success(two: Server, number: signal.Signals) -> None:
    running = workers(two)
    two.process.send_signal(number)
    assert two.process.wait(HUNG) == 0
    assert all(has_ended(pid) for pid in running)
    assert two.process.stdout is not None
    assert "Traceback" not in two.process.stdout.read()


TOLD_EARLY = """
import os, signal, socket, sys
from modelwharf.serving.app import App
from modelwharf.serving.server import run
from modelwharf.serving.workers import Workers
from tests.unit.serving.fakes import Adding

def serve(listener, alive):
    os.kill(os.getppid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    run(App(Adding()), listener, alive=alive)
    print("ended as it should")

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(3))
sys.exit(Workers([socket.create_server(("127.0.0.1", 0))], serve).run())
"""


def test_a_worker_that_is_told_to_end_before_it_serves_ends_as_any_other() -> None:
    command = [sys.executable, "-c", TOLD_EARLY]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=HUNG
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "ended as it should\n", "")


@pytest.mark.parametrize("count", ["1", "2"])
def test_control_c_reaches_everyone_and_is_no_failure(base: Path, count: str) -> None:
    with serving(base, program=FAKE, WHARF_WORKERS=count) as server:
        started(server).wait_for("serving")
        assert asks(server) == 200
        for pid in [*workers(server), server.process.pid]:
            os.kill(pid, signal.SIGINT)
        assert server.process.wait(HUNG) == 0
        assert server.process.stdout is not None
        assert "Traceback" not in server.process.stdout.read()


def test_a_port_that_another_server_has_is_not_shared_with_it(two: Server, base: Path) -> None:
    port = str(two.port)
    with serving(base, program=FAKE, WHARF_WORKERS="2", SAGEMAKER_BIND_TO_PORT=port) as second:
        second.wait_for("cannot serve: .*in use")
        assert second.process.wait(HUNG) == 1


def test_loading_is_told_and_its_end_too(base: Path) -> None:
    os.mkfifo(base / "model" / "wait")
    with serving(base, program=FAKE, WHARF_WORKERS="2") as server:
        started(server)
        assert server.ask("GET", "/ping")[0] == 503
        assert asks(server) == 503
        (base / "model" / "wait").write_bytes(b"go on")
        server.wait_for("serving")
        assert server.ask("GET", "/ping")[0] == 200
        assert asks(server) == 200


class Load:
    """Clients that ask as fast as they are answered, and remember what they were not told."""

    def __init__(self, port: int, *, kept: int, fresh: int) -> None:
        self.answered = 0
        self.lost: list[str] = []
        self._port = port
        self._lock = threading.Lock()
        kinds = [self._keep] * kept + [self._renew] * fresh
        self._threads = [threading.Thread(target=kind) for kind in kinds]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(HUNG)
            assert not thread.is_alive()

    def _keep(self) -> None:
        """Keeps its connection until it is told that an answer was the last."""
        with suppress(ConnectionRefusedError):
            while True:
                with Connection(self._port) as connection:
                    while self._ask(connection):
                        pass

    def _renew(self) -> None:
        """Has a new connection for each request."""
        with suppress(ConnectionRefusedError):
            while True:
                with Connection(self._port) as connection:
                    self._ask(connection)

    def _ask(self, connection: Connection) -> bool:
        """Whether the connection stays."""
        try:
            reply = connection.ask(POST)
        except (OSError, AssertionError) as error:
            with self._lock:
                self.lost.append(repr(error))
            return False
        with self._lock:
            if (reply.status, reply.body) == (200, SUMS):
                self.answered += 1
            else:
                self.lost.append(repr(reply))
        return "connection" not in reply.headers


def test_sigterm_under_load_loses_no_request(server: Server) -> None:
    load = Load(server.port, kept=6, fresh=6)
    until(lambda: load.answered > 2000, "the load runs")
    server.process.send_signal(signal.SIGTERM)
    load.join()
    assert load.lost == []
    assert server.process.wait(HUNG) == 0


def test_a_request_that_is_on_its_way_at_the_end_is_answered(server: Server) -> None:
    with Connection(server.port) as connection:
        assert connection.ask(POST).status == 200
        connection.send(POST[:-3])
        server.process.send_signal(signal.SIGTERM)
        until(lambda: closed(server.port), "the server takes no more")
        reply = connection.ask(POST[-3:])
        assert (reply.body, reply.headers["connection"]) == (SUMS, "close")
        assert connection.rest() == b""
    assert server.process.wait(HUNG) == 0


def test_a_connection_kept_alive_may_ask_once_more_at_the_end(server: Server) -> None:
    with Connection(server.port) as connection:
        assert connection.ask(POST).status == 200
        server.process.send_signal(signal.SIGTERM)
        until(lambda: closed(server.port), "the server takes no more")
        reply = connection.ask(POST)
        assert (reply.body, reply.headers["connection"]) == (SUMS, "close")
    assert server.process.wait(HUNG) == 0


def closed(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=HUNG).close()
    except ConnectionError:
        return True
    return False


def test_the_log_has_a_line_for_every_request_and_figures_at_the_end(base: Path) -> None:
    with serving(base, program=FAKE, WHARF_WORKERS="2", WHARF_ACCESS_LOG="all") as server:
        started(server).wait_for("serving")
        asked = {"X-Amzn-RequestId": "r-1", "X-Amzn-SageMaker-Inference-Id": "i-1", **CSV}
        assert server.ask("POST", "/invocations", ROWS, asked)[0] == 200
        assert server.ask("POST", "/invocations", b"x", asked)[0] == 400
        assert server.ask("GET", '/no"where')[0] == 404
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(HUNG)
        assert server.process.stdout is not None
        text = server.process.stdout.read()
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    lines = [one for one in found if "_aws" not in one]
    figures = [one for one in found if "_aws" in one]
    answered = next(one for one in lines if one["status"] == 200)
    assert (answered["request_id"], answered["inference_id"]) == ("r-1", "i-1")
    assert (answered["rows"], answered["bytes_in"], answered["bytes_out"]) == (2, 8, 8)
    assert answered["total_us"] >= answered["parse_us"] + answered["predict_us"]
    assert sorted(one["status"] for one in lines) == [200, 400, 404]
    assert sum(one["Requests"] for one in figures) == 3
    assert sum(one["Errors4xx"] for one in figures) == 2
    assert sum(one["Rows"] for one in figures) == 2


def test_a_log_that_nobody_reads_holds_nobody_up(base: Path) -> None:
    """What the server says of a client that went would otherwise wait for the reader."""
    wrong = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
    with serving(base, program=FAKE, WHARF_WORKERS="1", WHARF_ACCESS_LOG="all") as server:
        started(server).wait_for("serving")
        pipe = server.process.stdout
        assert pipe is not None
        with Connection(server.port) as connection:
            for _ in range(GATHERED):
                assert connection.ask(wrong).status == 404
        until(lambda: struct.unpack("i", ioctl(pipe, FIONREAD, bytes(4)))[0] > 60_000, "it is full")
        with Connection(server.port) as gone:
            gone.send(POST[:-1])
        for _ in range(5):
            assert asks(server) == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(HUNG) == 0
