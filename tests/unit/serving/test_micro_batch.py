"""What came in two turns of the event loop is answered together, and each request gets its own."""

from collections.abc import Callable
from typing import Any, cast

from modelwharf.serving.http_protocol import Protocol
from modelwharf.serving.micro_batch import MicroBatch, PendingRequest
from modelwharf.serving.refusal import Headers, Refusal
from modelwharf.serving.timed_exchange import TimedExchange
from tests.unit.serving.fakes import Adding


class Connection:
    """Keeps what it is to send."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def answer(self, one: PendingRequest, content: bytes, predict: int, write: int) -> None:
        self.sent.append(content)

    def refuse(self, one: PendingRequest, status: int, reason: str, headers: Headers = ()) -> None:
        self.sent.append((status, reason))


class Loop:
    def __init__(self) -> None:
        self.due: list[Callable[[], object]] = []

    def call_soon(self, call: Callable[[], object]) -> None:
        self.due.append(call)

    def turn_over(self) -> None:
        due, self.due = self.due, []
        for call in due:
            call()


def pending(connection: Connection, timed: TimedExchange, row: list[float]) -> PendingRequest:
    return PendingRequest(cast(Protocol, connection), timed, [row], b"id", {}, (), 3, 0, 0, True)


def answered(model: Adding, *rows: list[float]) -> list[list[object]]:
    """What each connection was sent, one row asked on each."""
    batch, loop, timed = MicroBatch(), Loop(), TimedExchange(model)
    connections = [Connection() for _ in rows]
    for connection, row in zip(connections, rows, strict=True):
        batch.add(pending(connection, timed, row), loop.call_soon)
    loop.turn_over()
    assert all(connection.sent == [] for connection in connections)
    assert len(loop.due) == 1
    loop.turn_over()
    return [connection.sent for connection in connections]


def test_all_of_a_turn_are_asked_at_once_and_each_has_its_own_answer() -> None:
    model = Adding()
    assert answered(model, [1, 2], [3, 4], [5, 6]) == [[b"3\n"], [b"7\n"], [b"11\n"]]
    assert model.together == [3]


def test_what_comes_in_the_next_turn_is_answered_with_it_and_what_comes_then_with_the_next() -> (
    None
):
    batch, loop, model = MicroBatch(), Loop(), Adding()
    timed = TimedExchange(model)
    first, second, third = connections = [Connection(), Connection(), Connection()]
    batch.add(pending(first, timed, [1, 2]), loop.call_soon)
    loop.turn_over()
    batch.add(pending(second, timed, [3, 4]), loop.call_soon)
    loop.turn_over()
    batch.add(pending(third, timed, [5, 6]), loop.call_soon)
    assert [connection.sent for connection in connections] == [[b"3\n"], [b"7\n"], []]
    loop.turn_over()
    loop.turn_over()
    assert third.sent == [b"11\n"]
    assert model.together == [2, 1]


def refuse_threes(rows: Any) -> None:
    if rows[0][0] == 3:
        raise Refusal("no threes")


def test_one_that_is_refused_leaves_the_others_their_answers() -> None:
    sent = answered(Adding(refuse_threes), [1, 2], [3, 4], [5, 6])
    assert sent == [[b"3\n"], [(400, "no threes")], [b"11\n"]]


class Recorded(TimedExchange):
    """Keeps the size and the nanoseconds of each answer."""

    def __init__(self, exchange: Adding) -> None:
        super().__init__(exchange)
        self.times: list[tuple[int, int]] = []

    def took(self, size: int, nanoseconds: int) -> None:
        self.times.append((size, nanoseconds))


def test_the_time_of_a_refusal_counts_as_well() -> None:
    batch, loop, timed = MicroBatch(), Loop(), Recorded(Adding(refuse_threes))
    refused = pending(Connection(), timed, [3, 4])
    batch.add(refused, loop.call_soon)
    loop.turn_over()
    loop.turn_over()
    ((size, nanoseconds),) = timed.times
    assert size == refused.size
    assert nanoseconds > refused.parse


def fail_at_threes(rows: Any) -> None:
    if rows[0][0] == 3:
        raise ZeroDivisionError


def test_a_fault_at_one_is_no_fault_of_the_others() -> None:
    sent = answered(Adding(fail_at_threes), [1, 2], [3, 4])
    assert sent == [[b"3\n"], [(500, "internal error; the server's log has the reason")]]


def test_an_answer_that_cannot_be_sent_keeps_nobody_from_theirs() -> None:
    batch, loop, timed = MicroBatch(), Loop(), TimedExchange(Adding())
    broken, whole = Broken(), Connection()
    for connection in (broken, whole):
        batch.add(pending(connection, timed, [1, 2]), loop.call_soon)
    loop.turn_over()
    loop.turn_over()
    assert whole.sent == [b"3\n"]
    assert broken.aborted


class Broken(Connection):
    aborted = False

    @property
    def transport(self) -> "Broken":
        return self

    def answer(self, one: PendingRequest, content: bytes, predict: int, write: int) -> None:
        raise BufferError

    def abort(self) -> None:
        self.aborted = True
