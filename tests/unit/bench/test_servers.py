import os
import sys
from pathlib import Path

import pytest

from tests.bench.serving.servers import NotReady, free_port, serving
from tests.waiting import has_ended, until

# A server with a child in a session of its own, as some stacks have.
PARENT = """
import http.server, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                         start_new_session=True)
print(child.pid, flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])),
                       http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def test_nothing_of_a_server_is_left_running(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-c", PARENT, str(port)]
    cores = list(os.sched_getaffinity(0))

    with serving(
        command, os.environ, tmp_path, port=port, ping="/", cores=cores, log=log, patience=0.5
    ) as server:
        pids = server.pids()
        child = int(log.read_text().split()[0])
        memory = server.memory()

    assert pids == sorted([server.process.pid, child])
    assert {one.pid for one in memory} == set(pids)
    assert all(0 < one.private <= one.rss for one in memory)
    assert server.cold > 0
    assert server.orphans == 1
    until(lambda: all(map(has_ended, pids)), "the end of all processes")


def test_a_server_that_ends_shows_its_last_output(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no model here')"]

    with (
        pytest.raises(NotReady, match="ended with 1: no model here"),
        serving(
            command,
            os.environ,
            tmp_path,
            port=free_port(),
            ping="/",
            cores=list(os.sched_getaffinity(0)),
            log=tmp_path / "log",
        ),
    ):
        pass
