"""Load: wrk for rates and latencies, and a slow pinger beside it."""

import http.client
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.serving.bodies import Format

WARM_SECONDS = 1
TIMEOUT_SECONDS = 10
HOW_TO_GET_WRK = "wrk is not installed; as root: apt-get update && apt-get install wrk"


class NoLoadGenerator(Exception):
    """wrk is missing and cannot be installed here."""


@dataclass(frozen=True)
class Load:
    """What wrk saw; latencies in ms. ``failed`` answers had another status than 2xx or 3xx."""

    requests: int
    seconds: float
    p50: float
    p99: float
    worst: float
    failed: int
    broken: int

    @property
    def rate(self) -> float:
        """Requests answered well, a second."""
        return (self.requests - self.failed) / self.seconds


def have_wrk() -> None:
    """Install wrk when this is root on a Debian. Raises NoLoadGenerator."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", "wrk"]):
            subprocess.run(["apt-get", "-qq", *words], env=quiet, check=False, capture_output=True)
    if not shutil.which("wrk"):
        raise NoLoadGenerator(HOW_TO_GET_WRK)


_SCRIPT = """\
local file = io.open("{blob}", "rb")
local blob = file:read("*a")
file:close()
local sizes = {{{sizes}}}
local requests, turn = {{}}, 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "{content_type}"
wrk.headers["Accept"] = "{content_type}"
init = function()
  local at = 1
  for number, size in ipairs(sizes) do
    requests[number] = wrk.format(nil, nil, nil, blob:sub(at, at + size - 1))
    at = at + size
  end
end
request = function()
  turn = turn % #requests + 1
  return requests[turn]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\nJSON {{"requests": %d, "us": %d, "p50": %g, "p99": %g, "worst": %g, "failed": %d, "broken": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""  # noqa: E501 (a line of Lua)


@dataclass(frozen=True)
class Client:
    """wrk on one core, its scripts in a folder."""

    core: int
    folder: Path

    def ask(
        self,
        url: str,
        bodies: Sequence[bytes],
        form: Format,
        *,
        connections: int,
        seconds: int,
    ) -> Load:
        """Ask these bodies in turn, as fast as the answers come."""
        script, blob = self.folder / "ask.lua", self.folder / "ask.blob"
        blob.write_bytes(b"".join(bodies))
        sizes = ", ".join(str(len(body)) for body in bodies)
        script.write_text(_SCRIPT.format(blob=blob, sizes=sizes, content_type=form.content_type))
        command = ["taskset", "--cpu-list", str(self.core), "wrk", "--threads", "1"]
        command += ["--connections", str(connections), "--duration", f"{seconds}s"]
        command += ["--timeout", f"{TIMEOUT_SECONDS}s", "--script", str(script), url]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        return parsed(ran.stdout)


def parsed(output: str) -> Load:
    """The line that our script makes wrk print. Its times are microseconds."""
    line = next(line for line in output.splitlines() if line.startswith("JSON "))
    said = json.loads(line.removeprefix("JSON "))
    return Load(
        requests=said["requests"],
        seconds=said["us"] / 1e6,
        p50=said["p50"] / 1e3,
        p99=said["p99"] / 1e3,
        worst=said["worst"] / 1e3,
        failed=said["failed"],
        broken=said["broken"],
    )


class Pinger(threading.Thread):
    """Pings now and then, each time over a new connection as SageMaker does, until it is ended.

    ``latencies`` are in ms; a ping that is refused or answered with no 200 is in ``failed``.
    """

    def __init__(self, port: int, path: str, *, every: float) -> None:
        super().__init__(name="pinger", daemon=True)
        self.latencies: list[float] = []
        self.failed = 0
        self._port, self._path, self._every = port, path, every
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(self._every):
            begun = time.perf_counter()
            try:
                good = self._ping()
            except (OSError, http.client.HTTPException):
                good = False
            self.latencies.append((time.perf_counter() - begun) * 1e3)
            self.failed += not good

    def _ping(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", self._path)
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def end(self) -> None:
        """Wait for the last ping."""
        self._ended.set()
        self.join()


def ask(port: int, path: str, bodies: Sequence[bytes], form: Format) -> list[tuple[int, bytes]]:
    """Ask one after the other over one connection; status and body of each answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": form.content_type, "Accept": form.content_type}
    answers = []
    try:
        for body in bodies:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answers.append((response.status, response.read()))
    finally:
        connection.close()
    return answers
