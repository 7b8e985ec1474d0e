import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.serving.bodies import CSV
from tests.bench.serving.ending import end_under_load
from tests.bench.serving.servers import Server, free_port, serving
from tests.unit.serving.fakes import ROWS, SUMS

ROOT = Path(__file__).parents[3]
ASKED = [[(ROWS, SUMS)]]
# A server that takes requests, and ends at once when it is told to. It answers none of them: on a
# busy machine the last answers would be under way before the signal is there.
RUDE = """
import http.server, os, signal, sys, threading
signal.signal(signal.SIGTERM, lambda *_: os._exit(3))
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        threading.Event().wait()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@contextmanager
def up(folder: Path, port: int, *command: str) -> Iterator[Server]:
    (folder / "model").mkdir()
    environment = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(folder),
        "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "WHARF_WORKERS": "2",
    }
    with serving(
        [sys.executable, *command],
        environment,
        ROOT,
        port=port,
        ping="/ping",
        cores=os.sched_getaffinity(0),
        log=folder / "log",
    ) as server:
        yield server


def test_a_server_that_answers_what_it_took_loses_nothing(tmp_path: Path) -> None:
    with up(tmp_path, free_port(), "-m", "tests.unit.serving.fakes", "serve") as server:
        found = end_under_load(server, "/invocations", CSV, ASKED, seconds=0.2, clients=8)
    assert found.lost == []
    assert found.exit_code == 0
    assert found.answered > found.after
    assert found.refused > 0  # the load went on when there was nobody any more
    assert found.good


def test_what_a_server_drops_at_its_end_is_lost(tmp_path: Path) -> None:
    port = free_port()
    with up(tmp_path, port, "-c", RUDE, str(port)) as server:
        found = end_under_load(server, "/invocations", CSV, ASKED, seconds=0.2, clients=8)
    # More than were open: what a client writes while the server dies is lost, too.
    assert 0 < found.open <= len(found.lost)
    assert found.exit_code == 3
    assert not found.good


def test_an_answer_that_is_wrong_is_lost(tmp_path: Path) -> None:
    with up(tmp_path, free_port(), "-m", "tests.unit.serving.fakes", "serve") as server:
        found = end_under_load(
            server, "/invocations", CSV, [[(ROWS, b"else")]], seconds=0.2, clients=2
        )
    assert found.lost[0].startswith("200: ")
    assert not found.good
