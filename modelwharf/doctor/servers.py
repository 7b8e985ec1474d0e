"""All servers that the checks of one inference image need, each started at most once."""

import threading
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from modelwharf.contracts.parameters import WRITABLE_ROOT
from modelwharf.doctor.asking import Answer
from modelwharf.doctor.conditions import EASY, Conditions, hardest
from modelwharf.doctor.images import ReadyImage
from modelwharf.doctor.server import LOOK, Pings, Server, answers_pings, pinging, shown
from modelwharf.doctor.settings import Sample, Settings
from modelwharf.doctor.start_faults import Place, find_in_image
from modelwharf.doctor.training_run import without_root
from modelwharf.doctor.trees import BadArtifact, lay_out_serving
from modelwharf.engines.engine import Engine, ImageMissing, Launch

LARGEST_BODY = 25 * 1024 * 1024 - 1024  # bytes: just below InvokeEndpoint's limit
MB = 1024 * 1024  # bytes
SIZES = (20, 15, 10, 6, 5, 4, 2, 1)  # MB; InvokeEndpoint's limit was 5 MB, then 6, for years
TOO_LARGE = 413
FORGIVING = 30.0  # seconds that a server which was healthy too early gets to answer at last


@dataclass(frozen=True)
class Artifact:
    """A ``model.tar.gz`` or its folder; ``origin`` is its name for people."""

    path: Path
    origin: str


@dataclass(frozen=True)
class Opening:
    """The first request, sent at the moment that /ping returned 200.

    ``answered_after``: seconds until a request got a 200, if any did.
    """

    first: Answer | str
    answered_after: float | None

    @property
    def at_once(self) -> bool:
        return isinstance(self.first, Answer) and self.first.status == 200


@dataclass(frozen=True)
class LargeBody:
    """The result of a body near the limit, and the state of the server after it."""

    answer: Answer | str
    pings: Pings
    survived: bool


@dataclass(frozen=True)
class Fault:
    """A server's fault, and its last log lines."""

    seen: str
    lines: tuple[str, ...]


class Servers:
    """All servers that the checks of one inference image need."""

    def __init__(
        self,
        engine: Engine,
        image: ReadyImage,
        settings: Settings,
        folder: Path,
        artifact: Artifact | None,
        samples: tuple[Sample, ...],
    ) -> None:
        self.image = image
        self.settings = settings
        self.artifact = artifact
        self.samples = samples
        self.unsupported = engine.unsupported
        self._engine = engine
        self._folder = folder
        self._count = 0
        self._started: list[Server] = []

    @cached_property
    def first(self) -> Server:
        """The server with the artifact, as on SageMaker, after waiting until it is healthy."""
        server, deadlines = self.start(self.model), self.settings.deadlines
        server.await_health(deadlines.startup if self.model else deadlines.bare)
        return server

    @cached_property
    def unpacking_fault(self) -> str:
        """Why the artifact cannot be unpacked; empty when it can."""
        try:
            path = self.artifact.path if self.artifact else None
            lay_out_serving(self._folder / "unpacked", path)
        except BadArtifact as error:
            return str(error)
        return ""

    @property
    def model(self) -> Path | None:
        """The model for a server; None without an artifact, or with one that cannot be unpacked."""
        return self.artifact.path if self.artifact and not self.unpacking_fault else None

    def find_program(self, program: str) -> Place | None:
        """Find a program in the image."""
        return find_in_image(self._engine, self.image, program, self._folder / "look")

    def live(self) -> Server:
        """Return a healthy server: the first, or a new one if the first no longer answers."""
        if not answers_pings(self.first):
            self.end(self.first)
            del self.first
        return self.first

    @cached_property
    def opening(self) -> Opening:
        """The first request to the first server. Raises IndexError without samples."""
        sample, server = self.samples[0], self.first
        begun = time.monotonic()
        first = answer = server.answers(sample)
        pause = threading.Event()
        deadline = min(FORGIVING, self.settings.deadlines.startup)
        while True:
            passed = time.monotonic() - begun
            if isinstance(answer, Answer) and answer.status == 200:
                return Opening(first, passed)
            if passed > deadline or not server.running:
                return Opening(first, None)
            pause.wait(LOOK)
            answer = server.answers(sample)

    @cached_property
    def bare(self) -> Server:
        """A server without a model, watched somewhat longer than loading one takes."""
        server, deadlines = self.start(None), self.settings.deadlines
        usual = self.first.healthy_after or 0.0
        server.await_health(min(deadlines.startup, 2 * usual + deadlines.bare))
        return server

    @cached_property
    def large(self) -> LargeBody:
        """The first result of ``large_again``."""
        return self.large_again()

    def large_again(self) -> LargeBody:
        """Send a body near InvokeEndpoint's limit, with pings at the same time."""
        server = self.live()
        sample = enlarged(self.samples[0])
        with pinging(server) as pings:
            answer = server.answers(sample)
        return LargeBody(answer, pings, survived=answers_pings(server))

    @cached_property
    def taken(self) -> int:
        """The largest of SIZES, in MB, that the server accepts; 0 when it accepts none."""
        for size in SIZES:
            answer = self.live().answers(enlarged(self.samples[0], size * MB))
            if isinstance(answer, Answer) and answer.status != TOO_LARGE:
                return size
        return 0

    def busy(self) -> Pings:
        """Ping while the first sample is sent again and again."""
        server = self.live()
        end = time.monotonic() + self.settings.deadlines.busy
        with pinging(server) as pings:
            while True:
                server.answers(self.samples[0])
                if time.monotonic() > end or not server.running:
                    return pings

    def fault_under(self, conditions: Conditions) -> "Fault | None":
        """Return what fails only under these conditions; None if nothing does."""
        server = self.start(self.model, conditions)
        seen = self._fault_of(server)
        self.end(server)  # before its lines are read: the last ones, which say why, come late
        return Fault(seen, tuple(server.lines)) if seen else None

    def _fault_of(self, server: Server) -> str | None:
        usual = self.first.healthy_after or 0.0
        if not server.await_health(min(self.settings.deadlines.startup, 10 * usual + 10)):
            return server.ending
        if not self.samples or self.opening.answered_after is None:
            return None
        answer = server.answers(self.samples[0])
        if isinstance(answer, Answer) and answer.status == 200:
            return None
        if not self.opening.at_once:  # Then it is healthy too early, here as well.
            return None
        return f"a request got {shown(answer)}"

    @cached_property
    def fault_under_all(self) -> "Fault | None":
        hard = hardest(self.unsupported)
        if self.settings.environment.get(WRITABLE_ROOT) == "1":
            hard = Conditions(user=hard.user, isolated=hard.isolated)
        return self.fault_under(hard)

    def start(self, model: Path | None, conditions: Conditions = EASY) -> Server:
        """Start a server, without waiting for it."""
        self._count += 1
        tree = self._folder / f"server-{self._count}" / "ml"
        lay_out_serving(tree, model)
        lines: list[str] = []
        log = without_root(tree, lines.append)
        launch = Launch(
            digest=self.image.digest,
            arguments=("serve",),
            environment=dict(self.settings.environment),
            tree=tree,
            name=f"wharf-doctor/serve-{self._count}",
            serves=True,
            isolated=conditions.isolated,
            read_only=conditions.read_only,
            user=conditions.user,
        )
        try:
            program = self._engine.run(launch, log)
        except (OSError, ImageMissing) as error:
            log(str(error))
            return Server(None, lines, self.settings)
        server = Server(program, lines, self.settings)
        self._started.append(server)
        return server

    def end(self, server: Server) -> None:
        """Stop a server at once; it gets no more requests and needs no grace."""
        if server.program is not None:
            server.program.stop(grace=0)

    def close(self) -> None:
        """End all servers."""
        for server in self._started:
            self.end(server)


def enlarged(sample: Sample, size: int = LARGEST_BODY) -> Sample:
    """Enlarge the sample to ``size`` bytes, or a little less, within InvokeEndpoint's limit.

    JSON stays the same document; other bodies are repeated as often as they fit, a whole line each.
    """
    kind = sample.content_type.partition(";")[0].strip().lower()
    missing = size - len(sample.body)
    if kind.endswith("json"):
        return Sample(sample.content_type, sample.body + b" " * missing)
    line = sample.body.rstrip(b"\n") + b"\n"
    return Sample(sample.content_type, line * max(1, size // len(line)))
