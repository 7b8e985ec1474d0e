"""The server under fuzz: its processes, its memory, its log, and whether it is still right."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import image
from tests.fuzz.wire import Connection, RuleBroken, request
from tests.waiting import HUNG, until

ROOT = Path(__file__).parents[2]
POLL = 0.15
QUIET = 3.0


@dataclass(frozen=True)
class Question:
    """A good request and its right answer."""

    content_type: str
    body: bytes
    answer: bytes


ECHO = Question(
    "application/json", b'{"instances":[[1,2.5,null,-4]]}', b'{"predictions":[[1.0,2.5,null,-4.0]]}'
)


@dataclass
class Target:
    process: subprocess.Popen[bytes]
    port: int
    log_file: Path
    workers: int

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def pids(self) -> set[int]:
        """Of the server and all that it started."""
        found = {self.process.pid}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == self.process.pid:
                found.add(int(path.parent.name))
        return found

    def memory(self) -> int:
        """Bytes that the server's processes have for themselves, and that they share with each
        other but with nobody else: what a page of a library counts depends on who else runs.
        """
        total = 0
        for pid in self.pids():
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += sum(int(n) for n in re.findall(r"Pss_(?:Anon|Shmem): +(\d+) kB", text))
        return total * 1024

    def settled_memory(self) -> int:
        """The least within a few seconds, in which nothing is asked."""
        end = time.monotonic() + QUIET
        found = self.memory()
        while time.monotonic() < end:
            time.sleep(POLL)
            found = min(found, self.memory())
        return found

    def check(self, question: Question) -> None:
        """Each worker answers, and rightly."""
        asked = request(question.body, content_type=question.content_type)
        seen: set[str] = set()

        def all_answered() -> bool:
            with Connection(self.port) as connection:
                answer = connection.ask(asked)
            if (answer.status, answer.body) != (200, question.answer):
                raise RuleBroken(f"a good request was answered with {answer}")
            # The first part of an id that the server gave is its worker's.
            seen.add(answer.headers["x-amzn-requestid"].partition("-")[0])
            return len(seen) == self.workers

        until(all_answered, "an answer of each worker")

    def faults(self) -> list[str]:
        """Lines of the log that no request may cause."""
        bad = ("Traceback", "ERROR", "CRITICAL", " failed", '"status":500')
        return [line for line in self.log.splitlines() if any(word in line for word in bad)]

    def logged(self) -> int:
        """Lines of the access log; each must be JSON."""
        lines = [line for line in self.log.splitlines() if line.startswith("{")]
        for line in lines:
            json.loads(line)
        return len(lines)


@contextmanager
def serving(base: Path, *, workers: int, **environment: str) -> Iterator[Target]:
    """The server with the model below ``base``, until the block ends; then it must end well."""
    log_file = base / f"log-{workers}"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "inference", "serve"],
            cwd=ROOT,
            env={
                **os.environ,
                **image.environment(),
                "SAGEMAKER_BASE_DIR": str(base),
                "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
                "SAGEMAKER_BIND_TO_PORT": "0",
                "WHARF_WORKERS": str(workers),
                **environment,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        target = Target(process, 0, log_file, workers)
        said = r"listening on http://127\.0\.0\.1:(\d+)"
        target.port = int(until(lambda: re.search(said, target.log), "a port")[1])
        until(lambda: _is_ready(target), "a server that is ready")
        yield target
        process.send_signal(signal.SIGTERM)
        assert process.wait(HUNG) == 0
    finally:
        process.kill()
        process.wait()


def _is_ready(target: Target) -> bool:
    assert target.process.poll() is None, target.log
    expected = 1 if target.workers == 1 else 1 + target.workers
    if "serving " not in target.log or len(target.pids()) != expected:
        return False
    with Connection(target.port) as connection:
        return connection.ask(b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n").status == 200
