"""SIGTERM in the middle of load: whether each request that the server took was answered.

A request counts as taken once the client has written all of it. A new connection that is refused,
or one that ends before a request is written, has taken nothing: its client goes elsewhere.
"""

import http.client
import signal
import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from tests.bench.serving import bodies, load
from tests.bench.serving.bodies import Format
from tests.bench.serving.measure import MANY, Bench, WrongAnswers, check
from tests.bench.serving.models import Model
from tests.bench.serving.servers import Server
from tests.bench.serving.stacks import HOST, OURS

CLIENTS = 32
ANSWER_SECONDS = 30.0
END_SECONDS = 30.0  # after SIGTERM; then SageMaker kills
PAUSE = 0.02  # seconds until a client that was refused tries again
# To close with a reset leaves no port behind, of which a new connection a request would use all.
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Ending:
    """``answered`` rightly, ``refused`` a connection or with 503, of which ``after`` the signal;
    ``open``: requests that were written and not answered yet when it was sent. ``lost`` tells of
    each request that was written and not answered rightly.
    """

    answered: int = 0
    refused: int = 0
    after: int = 0
    open: int = 0
    lost: list[str] = field(default_factory=list)
    exit_code: int | None = None

    def __str__(self) -> str:
        return (
            f"{self.answered} answered, {self.after} of them after SIGTERM, at which {self.open} "
            f"were open; {len(self.lost)} lost; exit code {self.exit_code}"
        )

    def summary(self) -> dict[str, int | None]:
        """Its figures."""
        return {
            "answered": self.answered,
            "open": self.open,
            "after": self.after,
            "refused": self.refused,
            "lost": len(self.lost),
            "exit_code": self.exit_code,
        }

    @property
    def good(self) -> bool:
        """Nothing is lost, and the server ended well, under load."""
        return not self.lost and self.exit_code == 0 and self.open > 0


Asked = tuple[bytes, bytes]
"""A body and its right answer."""


class Clients:
    """Threads that ask until they are ended: half keep their connection until they are told that
    an answer was its last, half take a new one for each request.
    """

    def __init__(
        self, port: int, path: str, form: Format, asked: Sequence[Sequence[Asked]], count: int
    ) -> None:
        """``asked``: what the first client asks in turn, what the second one asks, and so on."""
        self.ending = Ending()
        self._port, self._path, self._asked = port, path, asked
        self._headers = {"Content-Type": form.content_type, "Accept": form.content_type}
        self._written = 0
        self._told = False
        self._count = count
        self._lock = threading.Condition()
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def signalled(self) -> None:
        """SIGTERM is sent now: once requests are open, after an answer or all at once."""
        with self._lock:
            self._lock.wait_for(self._under_way, ANSWER_SECONDS)
            self.ending.open = self._written
            self._told = True

    def _under_way(self) -> bool:
        answers = self.ending.answered + len(self.ending.lost)
        return self._written == self._count or (self._written > 0 and answers > 0)

    def left_alone(self) -> None:
        """Wait until one of them found that the server is no more."""
        with self._lock:
            self._lock.wait_for(lambda: self.ending.refused > 0, ANSWER_SECONDS)

    def end(self) -> Ending:
        """What they found, once each has its last answer."""
        self._ended.set()
        for thread in self._threads:
            thread.join(2 * ANSWER_SECONDS)
        with self._lock:
            self.ending.lost += ["never answered" for one in self._threads if one.is_alive()]
        return self.ending

    def _run(self, number: int) -> None:
        keeps = number // len(self._asked) % 2 == 0
        asked = self._asked[number % len(self._asked)]
        turn = number
        while not self._ended.is_set():
            connection = http.client.HTTPConnection(HOST, self._port, timeout=ANSWER_SECONDS)
            with closing(connection):
                try:
                    connection.connect()
                except OSError:
                    self._refused()
                    continue
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                stays = True
                while stays and not self._ended.is_set():
                    turn += 1
                    stays = self._ask(connection, asked[turn % len(asked)]) and keeps

    def _ask(self, connection: http.client.HTTPConnection, asked: Asked) -> bool:
        """Whether the connection stays."""
        body, right = asked
        try:
            connection.request("POST", self._path, body, self._headers)
        except OSError:
            self._refused()
            return False
        with self._lock:
            self._written += 1
            self._lock.notify_all()
        try:
            response = connection.getresponse()
            found = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._lost(repr(error))
            return False
        if response.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
            with self._lock:
                self._written -= 1
            self._refused()
        elif (response.status, found) == (http.HTTPStatus.OK, right):
            with self._lock:
                self._written -= 1
                self.ending.answered += 1
                self.ending.after += self._told
                self._lock.notify_all()
        else:
            self._lost(f"{response.status}: {found[:200]!r}")
        return not response.will_close

    def _refused(self) -> None:
        with self._lock:
            self.ending.refused += 1
            self._lock.notify_all()
        self._ended.wait(PAUSE)

    def _lost(self, what: str) -> None:
        with self._lock:
            self._written -= 1
            self.ending.lost.append(what)
            self._lock.notify_all()


def end_under_load(
    server: Server,
    path: str,
    form: Format,
    asked: Sequence[Sequence[Asked]],
    *,
    seconds: float,
    clients: int = CLIENTS,
) -> Ending:
    """Load for so long, and SIGTERM in its middle; longer on a machine that is busy."""
    group = Clients(server.port, path, form, asked, clients)
    try:
        time.sleep(seconds / 2)
        group.signalled()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(seconds / 2)
        exit_code = server.process.wait(END_SECONDS)
        group.left_alone()
    finally:
        ending = group.end()
    ending.exit_code = exit_code
    return ending


def measure(bench: Bench, model: Model, workers: int, seconds: float) -> Ending:
    """Our server's end: every fourth client asks 1,000 rows, which wait for a thread; the others
    one. Raises NotReady, and WrongAnswers of a server that is wrong from the start.
    """
    form = OURS.format
    with bench.up(OURS, model, 0, workers=workers) as server:
        check(bench, OURS, model, server, form)
        one, many = (
            _answered(server, form, [form.write(rows) for rows in bodies.batches(bench.rows, size)])
            for size in (1, MANY)
        )
        return end_under_load(server, OURS.path, form, [one, one, one, many], seconds=seconds)


def _answered(server: Server, form: Format, asked: Sequence[bytes]) -> list[Asked]:
    """With the answers that the server gives when nothing else is asked. Raises WrongAnswers."""
    answers = load.ask(server.port, OURS.path, asked, form)
    refused = [f"{status}: {answer[:200]!r}" for status, answer in answers if status != 200]
    if refused:
        raise WrongAnswers(refused[0])
    return [(body, answer) for body, (_, answer) in zip(asked, answers, strict=True)]
