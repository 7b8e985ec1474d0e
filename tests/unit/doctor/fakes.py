"""An engine that answers from memory: programs are functions, servers are threads."""

import json
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from modelwharf.engines.engine import (
    BuildRequest,
    Cluster,
    DockerProgram,
    Host,
    Image,
    ImageConfig,
    ImageMissing,
    Launch,
    LogSink,
    host_label,
)
from tests.waiting import HUNG

KILLED, TERMINATED = 137, 143
DIGEST = "sha256:" + "1" * 64
ALGO_1 = Host()


class Stop(Exception):
    """SIGTERM, for a program that handles it."""


@dataclass
class Job:
    """What a training function is given."""

    tree: Path
    launch: Launch
    log: LogSink
    program: "Training"

    def work(self, seconds: float) -> bool:
        """Work for so long, or until SIGTERM; whether it came."""
        return self.program.work(seconds)

    @property
    def hyperparameters(self) -> dict[str, Any]:
        path = self.tree / "input/config/hyperparameters.json"
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    @property
    def numbers(self) -> list[float]:
        """Raises ValueError for any other text."""
        files = sorted((self.tree / "input/data/training").glob("*"))
        text = " ".join(path.read_bytes().decode(errors="replace") for path in files)
        return [float(word) for word in text.split()]

    def fail(self, reason: str) -> int:
        (self.tree / "output/failure").write_text(reason)
        self.log(reason)
        return 1


def train(job: Job) -> int:
    """A good one."""
    try:
        mean = sum(job.numbers) / len(job.numbers)
        seconds = float(str(job.hyperparameters.get("seconds", "0")))
    except (ValueError, ZeroDivisionError) as error:
        return job.fail(str(error))
    if job.work(seconds):
        if (job.tree / "checkpoints").exists():
            (job.tree / "checkpoints" / "step").write_text("1")
        return TERMINATED
    (job.tree / "model" / "mean").write_text(str(mean))
    job.log("accuracy=0.9")
    return 0


@dataclass
class Serving:
    """A good server; tests change what it does."""

    launch: Launch
    ready: bool = False

    def load(self) -> bool:
        """Whether the model could be loaded."""
        return (self.launch.tree / "model" / "mean").is_file()

    def ping(self) -> int:
        return 200 if self.ready else 503

    def answer(self, content_type: str, body: bytes) -> int:
        """The status. SystemExit ends the server."""
        if content_type != "application/json":
            return 415
        try:
            json.loads(body)["add"]
        except (ValueError, KeyError, TypeError):
            return 400
        return 200 if self.ready else 503

    def stopped(self) -> int:
        """The exit code after SIGTERM."""
        return 0


@dataclass
class Program:
    """Implements modelwharf.engines.engine.Program."""

    address: tuple[str, int] | None = None
    killed_for: str | None = None
    ran: float | None = None
    left_out: tuple[str, ...] = ()
    unreachable: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    code: int | None = None
    on_stop: Callable[[float], None] = lambda grace: None

    def end(self, code: int) -> None:
        if not self.ended.is_set():
            self.code = code
            self.ended.set()

    def poll(self) -> int | None:
        return self.code if self.ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int | None:
        self.ended.wait(timeout)
        return self.poll()

    def stop(self, grace: float) -> int:
        self.on_stop(grace)
        if not self.ended.wait(grace):
            self.end(KILLED)
        return self.code or 0


@dataclass
class Clock:
    """Seconds that pass only while the doctor waits for a training program that works.

    What a run takes is then what it says, however busy the machine is.
    """

    seconds: float = 0.0

    def now(self) -> float:
        return self.seconds


@dataclass
class Training(Program):
    """A training program, whose work takes the clock's time and everything else none."""

    clock: Clock = field(default_factory=Clock)
    lag: float = 0.0
    """Seconds between its end and the engine's telling of it."""
    begun: float = 0.0
    _busy_until: float = -1.0
    _term: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def work(self, seconds: float) -> bool:
        """For the program's own thread; whether SIGTERM came, which is told once."""
        with self._changed:
            self._busy_until = self.clock.seconds + seconds
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._term or not self._busy or self.ended.is_set())
            if self.ended.is_set():
                raise SystemExit(KILLED)
            told, self._term = self._term, False
            return told

    @property
    def _busy(self) -> bool:
        return self._busy_until > self.clock.seconds

    def end(self, code: int) -> None:
        with self._changed:
            if self.ran is None:
                self.ran = self.clock.seconds - self.begun
            super().end(code)
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> int | None:
        with self._changed:
            end = self.clock.seconds + (math.inf if timeout is None else timeout)
            while self._at_work():
                self.clock.seconds = min(end, self._busy_until)
                self._changed.notify_all()
                if self._busy:
                    return None
            told = self.begun + (self.ran or 0.0) + self.lag
            self.clock.seconds = max(self.clock.seconds, min(end, told))
            return self.code if told <= end else None

    def _at_work(self) -> bool:
        """Whether it works, rather than has ended; one of both it does soon."""
        settled = self._changed.wait_for(lambda: self.ended.is_set() or self._busy, HUNG)
        assert settled, "the program neither works nor ends"
        return not self.ended.is_set()

    def stop(self, grace: float) -> int:
        with self._changed:
            self._term, self._busy_until = True, -1.0
            self._changed.notify_all()
        if self.wait(grace) is None:
            self.end(KILLED)
        return self.code or 0


@dataclass
class Hosts:
    """Implements modelwharf.engines.engine.Cluster."""

    engine: "FakeEngine"
    hosts: tuple[Host, ...]

    def run(self, number: int, launch: Launch, log: LogSink) -> Program:
        return self.engine.run(launch, log)

    def close(self) -> None: ...


@dataclass
class FakeEngine:
    """``train`` and ``serving`` are the image's programs; ``starts`` may refuse a launch."""

    train: Callable[[Job], int] = train
    serving: Callable[[Launch], Serving] = Serving
    starts: Callable[[Launch], None] = lambda launch: None
    platform: str = "linux/amd64"
    user: str = ""
    unreachable: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    name: str = "docker"
    description: str = "docker (Fake 1.0)"
    unsupported: tuple[str, ...] = ()
    host: Host = ALGO_1
    names_of_this_machine: tuple[str, ...] = ()
    listed: str = ""
    known: tuple[str, ...] = ("mean:1",)
    builds: list[BuildRequest] = field(default_factory=list)
    launches: list[Launch] = field(default_factory=list)
    servers: list[ThreadingHTTPServer] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    lag: float = 0.0

    def build(self, request: BuildRequest, log: LogSink) -> Image:
        self.builds.append(request)
        return Image(DIGEST, "{}")

    def find(self, reference: str) -> Image:
        if reference not in self.known:
            raise ImageMissing(f"no {reference}")
        return Image(DIGEST, "{}")

    def list_type(self, reference: str) -> str:
        return self.listed

    def config(self, digest: str) -> ImageConfig:
        return ImageConfig(
            self.platform, entrypoint=self.entrypoint, command=self.command, user=self.user
        )

    def run(self, launch: Launch, log: LogSink) -> Program:
        self.launches.append(launch)
        self.starts(launch)
        return self._serve(launch) if launch.serves else self._train(launch, log)

    def cluster(self, name: str, count: int, *, isolated: bool) -> Cluster:
        if "hosts" in self.unsupported:
            raise OSError("no addresses for several hosts")
        return Hosts(self, tuple(Host(host_label(number)) for number in range(count)))

    def _train(self, launch: Launch, log: LogSink) -> Program:
        program = Training(clock=self.clock, lag=self.lag, begun=self.clock.seconds)
        job = Job(launch.tree, launch, log, program)
        threading.Thread(target=lambda: program.end(self.train(job)), daemon=True).start()
        return program

    def _serve(self, launch: Launch) -> Program:
        serving = self.serving(launch)
        program = Program(unreachable=self.unreachable)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    self.reply(serving.ping())
                except SystemExit as end:
                    program.end(int(end.code or 0))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    self.reply(serving.answer(self.headers["Content-Type"], body))
                except SystemExit as end:
                    program.end(int(end.code or 0))

            def reply(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.servers.append(server)
        program.address = ("127.0.0.1", server.server_port)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

        def stopped(grace: float) -> None:
            with suppress(Stop):  # Then it does not end.
                program.end(serving.stopped())

        program.on_stop = stopped
        try:
            serving.ready = serving.load()
        except SystemExit as end:
            program.end(int(end.code or 0))
        return program

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def base_digest(self, reference: str, platform: str) -> str:
        raise NotImplementedError

    def docker(self, state: Path) -> DockerProgram:
        raise NotImplementedError

    def sweep(self) -> None:
        pass
