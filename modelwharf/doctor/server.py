"""Start ``serve`` once, wait until it is healthy, and send it requests."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from modelwharf.doctor.asking import Answer, NoAnswer, TooSlow, ask
from modelwharf.doctor.settings import Sample, Settings
from modelwharf.engines.engine import Program
from modelwharf.engines.exit_codes import in_words

PORT = 8080  # SageMaker's serving contract
LOOK = 0.02  # seconds between two pings of a starting server: short, to catch an early 200
STEADY_PINGS = 10  # after the first 200; SageMaker pings as long as the endpoint lives
ENDING = 2.0  # seconds until the end of a process is reported
BETWEEN_PINGS = 0.05  # seconds, during other requests


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
    ping: str = ""
    """The result of the last /ping before it was healthy, in words."""

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
    def unreachable(self) -> str:
        """Why the server cannot be reached, in words; empty if that is not the reason."""
        return self.program.unreachable if self.program and self.running else ""

    @property
    def ending(self) -> str:
        """The state or the end of the server, in words."""
        if self.program is None:
            return "it did not start"
        if self.code is not None:
            killed = f": {self.program.killed_for}" if self.program.killed_for else ""
            early = ", and serve must stay in the foreground" if self.code == 0 else ""
            return f"it ended with {in_words(self.code)}{killed}{early}"
        why = "; ".join(one for one in (self.ping, self.unreachable) if one)
        return f"/ping gave no 200 within {self.waited:.0f} s{why and '; '}{why}"

    def invoke(self, sample: Sample) -> Answer:
        """Send the sample to /invocations. Raises NoAnswer, TooSlow."""
        return ask(
            self.address,
            "POST",
            "/invocations",
            timeout=self.settings.deadlines.invocation,
            body=sample.body,
            headers={"Content-Type": sample.content_type},
        )

    def ping_once(self) -> Answer:
        """Send one /ping. Raises NoAnswer, TooSlow."""
        return ask(self.address, "GET", "/ping", timeout=self.settings.deadlines.ping)

    def await_health(self, seconds: float) -> bool:
        """Ping until it returns 200, ends, or the time is over."""
        begun = time.monotonic()
        pause = threading.Event()
        while self.running and self.waited < seconds:
            try:
                answer = self.ping_once()
                if answer.status == 200:
                    self.healthy_after = time.monotonic() - begun
                    return True
                self.ping = f"the last answer was {answer.shown}"
            except TooSlow as error:
                self.ping = f"the last one got {error}"
            except NoAnswer:  # Docker's proxy accepts the connection and closes it.
                self.ping = f"connections to port {PORT} were refused or closed"
            pause.wait(LOOK)
            self.waited = time.monotonic() - begun
        return False

    def unsteady(self) -> str:
        """Continue to ping after the first 200; return in words how the server ended, or ""."""
        pause = threading.Event()
        for answered in range(STEADY_PINGS):
            if not answers_pings(self):
                if self.program is not None:
                    self.program.wait(ENDING)  # its port closes first, the exit code comes later
                how = self.ending if self.code is not None else "it answered no more"
                return f"after {answered + 1} good pings {how}"
            pause.wait(BETWEEN_PINGS)
        return ""

    def answers(self, sample: Sample) -> Answer | str:
        """Return the response, or in words why there was none."""
        try:
            return self.invoke(sample)
        except (NoAnswer, TooSlow) as error:
            return str(error)

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit code, and the seconds that it took to end."""
        if self.program is None:
            raise NoAnswer("the server is not running")
        begun = time.monotonic()
        code = self.program.stop(self.settings.deadlines.stop_serving)
        return code, time.monotonic() - begun


@dataclass
class Pings:
    """Pings during requests: seconds each; a ping without a response in time counts as ``late``."""

    seconds: list[float] = field(default_factory=list)
    late: int = 0

    @property
    def slowest(self) -> float:
        return max(self.seconds, default=0.0)


def answers_pings(server: Server) -> bool:
    """Whether the server answers a ping; a busy machine may be slow once, so it has two tries."""
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
    """Ping from another thread until the block is left; the last ping is completed."""
    pings, over = Pings(), threading.Event()

    def run() -> None:
        while not over.wait(BETWEEN_PINGS):
            try:
                pings.seconds.append(server.ping_once().seconds)
            except TooSlow:
                pings.late += 1
            except NoAnswer:
                continue  # It ended, or refuses for now: other checks report that.

    thread = threading.Thread(target=run, name="pings")
    thread.start()
    try:
        yield pings
    finally:
        over.set()
        thread.join()


def shown(answer: Answer | str) -> str:
    return answer.shown if isinstance(answer, Answer) else answer
