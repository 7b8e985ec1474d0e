"""The server as SageMaker starts it: a process, a port, a signal, an exit code."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inference.asgi import BODY_LIMIT

ROOT = Path(__file__).parents[3]
DEADLINE = 60  # seconds
REQUEST = b'{"product":"wti","date":"2018-01-29"}'
JSON = {"Content-Type": "application/json"}


class Server:
    """A running server. Its log is read line by line, so waiting needs no clock."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        self.port = 0

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read the log until a line matches; fails when the server ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log.append(line)
            if match := re.search(pattern, line):
                return match
        pytest.fail(f"the server ended before it logged {pattern!r}: {self.log}")

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@contextmanager
def serving(base: Path) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", "inference", "serve"],
        cwd=ROOT,
        env={
            **os.environ,
            "SAGEMAKER_BASE_DIR": str(base),
            "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
            "SAGEMAKER_BIND_TO_PORT": "0",
            "PYTHONUNBUFFERED": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = threading.Timer(DEADLINE, process.kill)
    deadline.start()
    try:
        yield Server(process)
    finally:
        deadline.cancel()
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def started(server: Server) -> Server:
    server.port = int(server.wait_for(r"listening on http://127\.0\.0\.1:(\d+)")[1])
    return server


@pytest.fixture
def base(model_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(model_folder, tmp_path / "model")
    return tmp_path


def test_ping_is_503_while_the_model_loads_and_200_once_it_answers(base: Path) -> None:
    contract = base / "model" / "contract.json"
    text = contract.read_bytes()
    contract.unlink()
    os.mkfifo(contract)  # loading waits here until the test writes
    with serving(base) as server:
        started(server)
        assert server.ask("GET", "/ping")[0] == 503
        assert server.ask("POST", "/invocations", REQUEST, JSON)[0] == 503
        contract.write_bytes(text)
        server.wait_for("serving wti, brent")
        assert server.ask("GET", "/ping")[0] == 200
        status, body = server.ask("POST", "/invocations", REQUEST, JSON)
        assert (status, json.loads(body)["product"]) == (200, "wti")


def test_the_server_refuses_and_goes_on(base: Path) -> None:
    with serving(base) as server:
        started(server).wait_for("serving")
        assert server.ask("POST", "/invocations", b"{", JSON)[0] == 400
        assert server.ask("POST", "/invocations", b" " * (BODY_LIMIT + 1), JSON)[0] == 413
        assert server.ask("GET", "/nowhere")[0] == 404
        assert server.ask("POST", "/invocations", REQUEST, JSON)[0] == 200


def test_a_model_that_cannot_be_loaded_ends_the_server_with_the_reason(base: Path) -> None:
    (base / "model" / "model.onnx").write_bytes(b"garbage")
    with serving(base) as server:
        server.wait_for("ERROR inference: cannot serve: .*model.onnx is not a graph")
        assert server.process.wait(DEADLINE) == 1
        assert not any("Traceback" in line for line in server.log)


def test_sigterm_ends_the_server_cleanly(base: Path) -> None:
    with serving(base) as server:
        started(server).wait_for("serving")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(DEADLINE) == 0


def test_sigterm_ends_a_server_that_is_still_loading(base: Path) -> None:
    contract = base / "model" / "contract.json"
    contract.unlink()
    os.mkfifo(contract)
    with serving(base) as server:
        started(server)
        assert server.ask("GET", "/ping")[0] == 503
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(DEADLINE) == 0


def test_another_command_is_refused_with_the_usage() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "inference", "train"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert result.returncode == 2
    assert "usage: python -m inference serve (given: train)" in result.stderr
