"""``serve``: started with an artifact, watched until it is healthy, and asked."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from doctor.asking import Answer, NoAnswer, TooSlow, ask
from doctor.conditions import EASY, Conditions, hardest
from doctor.images import ReadyImage
from doctor.settings import WRITABLE_ROOT, Sample, Settings
from doctor.start_faults import Place, look_into
from doctor.trees import BadArtifact, lay_out_serving
from localcloud.engine import Engine, ImageMissing, Launch, Program

LOOK = 0.02  # seconds between two pings of a starting server: an early 200 must not be missed
BETWEEN_PINGS = 0.05  # seconds, beside requests under way
LARGEST_BODY = 25 * 1024 * 1024 - 1024  # bytes: just below what InvokeEndpoint takes
FORGIVING = 30.0  # seconds that a server which pinged too early gets to answer at last


@dataclass
class Server:
    """One start of ``serve``. ``code``: its exit code if it ended, or None.

    ``program`` None: the engine could not start it.
    """

    program: Program | None
    lines: list[str]
    settings: Settings
    healthy_after: float | None = None
    """Seconds until the first /ping with 200; None when there was none."""
    waited: float = 0.0
    ping: Answer | None = None
    """The last answer of /ping before it was healthy, or the first healthy one."""

    @property
    def address(self) -> tuple[str, int]:
        address = self.program.address if self.program else None
        if address is None:
            raise NoAnswer("the server is not running")
        return address

    @property
    def code(self) -> int | None:
        return self.program.poll() if self.program else None

    @property
    def running(self) -> bool:
        return self.program is not None and self.program.poll() is None

    @property
    def ending(self) -> str:
        """In words, how it stands."""
        if self.program is None:
            return "it did not start"
        if self.code is not None:
            return f"it ended with exit code {self.code}"
        last = f"; the last answer was {self.ping.shown}" if self.ping else ""
        return f"/ping gave no 200 within {self.waited:.0f} s{last}"

    def invoke(self, sample: Sample) -> Answer:
        """Raises NoAnswer, TooSlow."""
        return ask(
            self.address,
            "POST",
            "/invocations",
            timeout=self.settings.patience.invocation,
            body=sample.body,
            headers={"Content-Type": sample.content_type},
        )

    def ping_once(self) -> Answer:
        """Raises NoAnswer, TooSlow."""
        return ask(self.address, "GET", "/ping", timeout=self.settings.patience.ping)

    def await_health(self, seconds: float) -> bool:
        """Ping until it says 200, ends, or the time is over."""
        begun = time.monotonic()
        pause = threading.Event()
        while self.running and self.waited < seconds:
            with suppress(NoAnswer, TooSlow):
                self.ping = self.ping_once()
                if self.ping.status == 200:
                    self.healthy_after = time.monotonic() - begun
                    return True
            pause.wait(LOOK)
            self.waited = time.monotonic() - begun
        return False

    def answers(self, sample: Sample) -> Answer | str:
        """The answer, or in words why there was none."""
        try:
            return self.invoke(sample)
        except (NoAnswer, TooSlow) as error:
            return str(error)

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit code, and the seconds that its end took."""
        if self.program is None:
            raise NoAnswer("the server is not running")
        begun = time.monotonic()
        code = self.program.stop(self.settings.patience.stop_serving)
        return code, time.monotonic() - begun


@dataclass(frozen=True)
class Artifact:
    """A ``model.tar.gz`` or its folder; ``origin`` names it to a person."""

    path: Path
    origin: str


@dataclass(frozen=True)
class Opening:
    """The first request, sent in the moment that /ping said 200.

    ``answered_after``: seconds until a request got a 200, if any did.
    """

    first: Answer | str
    answered_after: float | None

    @property
    def at_once(self) -> bool:
        return isinstance(self.first, Answer) and self.first.status == 200


@dataclass
class Pings:
    """Pings beside requests: seconds each; a ping without an answer in time counts as ``late``."""

    seconds: list[float] = field(default_factory=list)
    late: int = 0

    @property
    def slowest(self) -> float:
        return max(self.seconds, default=0.0)


@dataclass(frozen=True)
class LargeBody:
    """What came of a body near the limit, and of the server after it."""

    answer: Answer | str
    pings: Pings
    survived: bool


@dataclass(frozen=True)
class Fault:
    """What a server did wrong, and its last lines."""

    seen: str
    lines: tuple[str, ...]


class Servers:
    """Every server that the checks of one inference image need."""

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
        self.lacks = engine.lacks
        self._engine = engine
        self._folder = folder
        self._count = 0
        self._started: list[Server] = []

    @cached_property
    def first(self) -> Server:
        """With the artifact, as SageMaker would; waited for until it is healthy."""
        server, patience = self.start(self.model), self.settings.patience
        server.await_health(patience.startup if self.model else patience.bare)
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
        """What a server gets; None without an artifact, or with one that cannot be unpacked."""
        return self.artifact.path if self.artifact and not self.unpacking_fault else None

    def look(self, program: str) -> Place | None:
        """Where a program lies in the image."""
        return look_into(self._engine, self.image, program, self._folder / "look")

    def live(self) -> Server:
        """A healthy one: the first, or another in its place once that answers no more."""
        if not _answers_pings(self.first):
            self.end(self.first)
            del self.first
        return self.first

    @cached_property
    def opening(self) -> Opening:
        """Raises IndexError without samples."""
        sample, server = self.samples[0], self.first
        begun = time.monotonic()
        first = answer = server.answers(sample)
        pause = threading.Event()
        patience = min(FORGIVING, self.settings.patience.startup)
        while True:
            passed = time.monotonic() - begun
            if isinstance(answer, Answer) and answer.status == 200:
                return Opening(first, passed)
            if passed > patience or not server.running:
                return Opening(first, None)
            pause.wait(LOOK)
            answer = server.answers(sample)

    @cached_property
    def bare(self) -> Server:
        """Without a model, watched for somewhat longer than loading one takes."""
        server, patience = self.start(None), self.settings.patience
        usual = self.first.healthy_after or 0.0
        server.await_health(min(patience.startup, 2 * usual + patience.bare))
        return server

    @cached_property
    def large(self) -> LargeBody:
        """The first of them."""
        return self.large_again()

    def large_again(self) -> LargeBody:
        """A body near InvokeEndpoint's limit, with pings beside it."""
        server = self.live()
        sample = enlarged(self.samples[0])
        with pinging(server) as pings:
            answer = server.answers(sample)
        return LargeBody(answer, pings, survived=_answers_pings(server))

    def busy(self) -> Pings:
        """Pings while the first sample is answered again and again."""
        server = self.live()
        end = time.monotonic() + self.settings.patience.busy
        with pinging(server) as pings:
            while True:
                server.answers(self.samples[0])
                if time.monotonic() > end or not server.running:
                    return pings

    def fault_under(self, conditions: Conditions) -> "Fault | None":
        """What does not work under these conditions although it does without; None if all does."""
        server = self.start(self.model, conditions)
        try:
            usual = self.first.healthy_after or 0.0
            if not server.await_health(min(self.settings.patience.startup, 10 * usual + 10)):
                return Fault(server.ending, tuple(server.lines))
            if not self.samples or self.opening.answered_after is None:
                return None
            answer = server.answers(self.samples[0])
            if isinstance(answer, Answer) and answer.status == 200:
                return None
            if not self.opening.at_once:  # Then it says healthy too early, here as well.
                return None
            return Fault(f"a request got {shown(answer)}", tuple(server.lines))
        finally:
            self.end(server)

    @cached_property
    def fault_under_all(self) -> "Fault | None":
        hard = hardest(self.lacks)
        if self.settings.environment.get(WRITABLE_ROOT) == "1":
            hard = Conditions(user=hard.user, isolated=hard.isolated)
        return self.fault_under(hard)

    def start(self, model: Path | None, conditions: Conditions = EASY) -> Server:
        """Start one, without waiting for it."""
        self._count += 1
        tree = self._folder / f"server-{self._count}" / "ml"
        lay_out_serving(tree, model)
        lines: list[str] = []
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
            program = self._engine.run(launch, lines.append)
        except (OSError, ImageMissing) as error:
            return Server(None, [str(error)], self.settings)
        server = Server(program, lines, self.settings)
        self._started.append(server)
        return server

    def end(self, server: Server) -> None:
        """What is no longer asked anything needs no time to end well."""
        if server.program is not None:
            server.program.stop(grace=0)

    def end_all(self) -> None:
        for server in self._started:
            self.end(server)


def _answers_pings(server: Server) -> bool:
    """A busy machine may be slow once, so it has a second chance."""
    for _ in range(2):
        try:
            return server.running and server.ping_once().status == 200
        except TooSlow:
            continue
        except NoAnswer:
            return False
    return False


@contextmanager
def pinging(server: Server) -> Iterator[Pings]:
    """Ping from another thread until the block is left, and then once more to its end."""
    pings, over = Pings(), threading.Event()

    def run() -> None:
        while not over.wait(BETWEEN_PINGS):
            try:
                pings.seconds.append(server.ping_once().seconds)
            except TooSlow:
                pings.late += 1
            except NoAnswer:
                continue  # It ended, or it refuses for now: other checks tell of that.

    thread = threading.Thread(target=run, name="pings")
    thread.start()
    try:
        yield pings
    finally:
        over.set()
        thread.join()


def shown(answer: Answer | str) -> str:
    return answer.shown if isinstance(answer, Answer) else answer


def enlarged(sample: Sample) -> Sample:
    """The sample made as long as InvokeEndpoint lets it be; JSON stays the same document."""
    kind = sample.content_type.partition(";")[0].strip().lower()
    missing = LARGEST_BODY - len(sample.body)
    if kind.endswith("json"):
        return Sample(sample.content_type, sample.body + b" " * missing)
    line = sample.body.rstrip(b"\n") + b"\n"
    return Sample(sample.content_type, (line * (LARGEST_BODY // len(line) + 1))[:LARGEST_BODY])
