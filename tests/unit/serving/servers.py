"""The real server process, as SageMaker starts it."""

import http.client
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.waiting import HUNG

ROOT = Path(__file__).parents[3]


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
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HUNG)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def resident(self) -> int:
        """Bytes of memory that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024


@contextmanager
def serving(base: Path, *, program: str = "inference", **environment: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", program, "serve"],
        cwd=ROOT,
        env={
            **os.environ,
            "SAGEMAKER_BASE_DIR": str(base),
            "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
            "SAGEMAKER_BIND_TO_PORT": "0",
            "PYTHONUNBUFFERED": "1",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = threading.Timer(HUNG, process.kill)
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


def release(path: Path, pipe: BinaryIO, text: bytes) -> None:
    """Let a load go on that reads a pipe instead of a file; from now on it is a file again."""
    whole = path.with_suffix(".whole")
    whole.write_bytes(text)
    whole.replace(path)
    pipe.write(text)
