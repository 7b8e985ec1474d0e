"""What came in two turns of the event loop is answered together, and each request gets its own."""

from collections.abc import Callable
from typing import Any, cast

from inference.http_protocol import Protocol
from inference.refusal import Headers, Refusal
from inference.turn import Turn, Waiting
from inference.way import Way
from tests.unit.inference.fakes import Adding


class Connection:
    """Keeps what it is to send."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def answer(self, one: Waiting, content: bytes, predict: int, write: int) -> None:
        self.sent.append(content)

    def refuse(self, one: Waiting, status: int, reason: str, headers: Headers = ()) -> None:
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


def waiting(connection: Connection, way: Way, row: list[float]) -> Waiting:
    return Waiting(cast(Protocol, connection), way, [row], b"id", {}, (), 3, 0, 0, True)


def answered(model: Adding, *rows: list[float]) -> list[list[object]]:
    """What each connection was sent, one row asked on each."""
    turn, loop, way = Turn(), Loop(), Way(model)
    connections = [Connection() for _ in rows]
    for connection, row in zip(connections, rows, strict=True):
        turn.add(waiting(connection, way, row), loop.call_soon)
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
    turn, loop, model = Turn(), Loop(), Adding()
    way = Way(model)
    first, second, third = connections = [Connection(), Connection(), Connection()]
    turn.add(waiting(first, way, [1, 2]), loop.call_soon)
    loop.turn_over()
    turn.add(waiting(second, way, [3, 4]), loop.call_soon)
    loop.turn_over()
    turn.add(waiting(third, way, [5, 6]), loop.call_soon)
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


def test_what_a_refusal_took_counts_as_well() -> None:
    turn, loop, way = Turn(), Loop(), Way(Adding(refuse_threes))
    assert not way.quick(3)  # nothing has been measured
    turn.add(waiting(Connection(), way, [3, 4]), loop.call_soon)
    loop.turn_over()
    loop.turn_over()
    assert way.quick(3)


def fail_at_threes(rows: Any) -> None:
    if rows[0][0] == 3:
        raise ZeroDivisionError


def test_a_fault_at_one_is_no_fault_of_the_others() -> None:
    sent = answered(Adding(fail_at_threes), [1, 2], [3, 4])
    assert sent == [[b"3\n"], [(500, "internal error; the server's log has the reason")]]


def test_an_answer_that_cannot_be_sent_keeps_nobody_from_theirs() -> None:
    turn, loop, way = Turn(), Loop(), Way(Adding())
    broken, whole = Broken(), Connection()
    for connection in (broken, whole):
        turn.add(waiting(connection, way, [1, 2]), loop.call_soon)
    loop.turn_over()
    loop.turn_over()
    assert whole.sent == [b"3\n"]
    assert broken.aborted


class Broken(Connection):
    aborted = False

    @property
    def transport(self) -> "Broken":
        return self

    def answer(self, one: Waiting, content: bytes, predict: int, write: int) -> None:
        raise BufferError

    def abort(self) -> None:
        self.aborted = True
