"""An engine that answers from memory: programs are functions, servers are threads."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from localcloud.engine import (
    BuildRequest,
    DockerProgram,
    Host,
    Image,
    ImageConfig,
    ImageMissing,
    Launch,
    LogSink,
)

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
    term: threading.Event

    @property
    def hyperparameters(self) -> dict[str, Any]:
        path = self.tree / "input/config/hyperparameters.json"
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    @property
    def numbers(self) -> list[float]:
        """Raises ValueError for what is none."""
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
    if job.term.wait(seconds):
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
    """Implements localcloud.engine.Program."""

    address: tuple[str, int] | None = None
    killed_for: str | None = None
    left_out: tuple[str, ...] = ()
    term: threading.Event = field(default_factory=threading.Event)
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
        self.term.set()
        self.on_stop(grace)
        if not self.ended.wait(grace):
            self.end(KILLED)
        return self.code or 0


@dataclass
class FakeEngine:
    """``train`` and ``serving`` are the image's programs; ``starts`` may refuse a launch."""

    train: Callable[[Job], int] = train
    serving: Callable[[Launch], Serving] = Serving
    starts: Callable[[Launch], None] = lambda launch: None
    platform: str = "linux/amd64"
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    name: str = "docker"
    description: str = "docker (Fake 1.0)"
    lacks: tuple[str, ...] = ()
    host: Host = ALGO_1
    listed: str = ""
    known: tuple[str, ...] = ("mean:1",)
    builds: list[BuildRequest] = field(default_factory=list)
    launches: list[Launch] = field(default_factory=list)
    servers: list[ThreadingHTTPServer] = field(default_factory=list)

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
        return ImageConfig(self.platform, entrypoint=self.entrypoint, user=self.user)

    def run(self, launch: Launch, log: LogSink) -> Program:
        self.launches.append(launch)
        self.starts(launch)
        return self._serve(launch) if launch.serves else self._train(launch, log)

    def _train(self, launch: Launch, log: LogSink) -> Program:
        program = Program()
        job = Job(launch.tree, launch, log, program.term)
        threading.Thread(target=lambda: program.end(self.train(job)), daemon=True).start()
        return program

    def _serve(self, launch: Launch) -> Program:
        serving = self.serving(launch)
        program = Program()

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
