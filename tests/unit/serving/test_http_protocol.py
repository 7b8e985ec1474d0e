"""HTTP as the server speaks it over a socket, byte by byte, on the fast path and in tasks."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from enum import Enum, auto
from time import perf_counter_ns

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwharf.serving.app import App
from modelwharf.serving.head_cache import KNOWN_HEAD, KNOWN_HEADS, RequestHead
from modelwharf.serving.http_protocol import Protocol
from modelwharf.serving.limits import (
    BODY_LIMIT,
    HEAD_LIMIT,
    HEADERS_LIMIT,
    IDLE_SECONDS,
    INLINE_BODIES,
    INLINE_BODY,
    INLINE_NANOSECONDS,
    REQUEST_SECONDS,
)
from modelwharf.serving.thread_pool import ThreadPool
from tests.unit.serving.fakes import ROWS, SUMS, Adding
from tests.unit.serving.talking import Connection, Running, running
from tests.waiting import HUNG, until

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body: bytes = ROWS, *headers: bytes, version: bytes = b"1.1") -> bytes:
    lines = (b"Host: x", b"Content-Type: text/csv", b"Content-Length: %d" % len(body), *headers)
    return b"POST /invocations HTTP/%b\r\n%b\r\n\r\n%b" % (version, b"\r\n".join(lines), body)


@pytest.fixture(scope="module")
def model() -> Adding:
    return Adding()


@pytest.fixture(scope="module")
def server(model: Adding) -> Iterator[Running]:
    with running(model) as server:
        yield server


@pytest.fixture
def connection(server: Running) -> Iterator[Connection]:
    with server.connect() as connection:
        yield connection


def test_many_requests_share_a_connection(connection: Connection) -> None:
    for _ in range(20):
        reply = connection.ask(post())
        assert (reply.status, reply.body) == (200, SUMS)
        assert reply.headers["content-type"] == "text/csv"
        assert "connection" not in reply.headers
        assert connection.ask(PING).status == 200


def test_the_first_answer_comes_from_a_thread_and_quick_ones_from_the_loop() -> None:
    model = Adding()
    with running(model) as server, server.connect() as connection:
        for _ in range(20):
            connection.ask(post())
        loop = server.server._loop
    assert loop is not None
    assert model.threads[0].startswith("pool-")
    assert not model.threads[-1].startswith("pool-")


def test_many_connections_leave_each_less_room_for_a_body_on_the_fast_path() -> None:
    large = post(b"1,2" + b"\n" * (INLINE_BODY - 3))  # which takes no time to read
    beginning, last = large[:-1], large[-1:]

    with running(Adding()) as server, server.connect() as connection, ExitStack() as idle:
        connections = server.server.worker.connections

        def in_application() -> bool:
            """Where bodies are counted among what waits, until they are answered."""
            connection.send(beginning)
            idle.enter_context(server.connect()).ask(PING)  # so the server has read it
            found = any(pending(one) for one in connections)
            assert connection.ask(last).body == b"3.0\n"
            return found

        until(lambda: not in_application(), "an answer on the fast path")
        while len(connections) <= INLINE_BODIES // INLINE_BODY:
            idle.enter_context(server.connect()).ask(PING)
        assert in_application()


class SlowToRefuse(Adding):
    """Takes its time over a body that it does not take."""

    def parse(self, body: bytes) -> list[list[float]]:
        if b"no" in body:
            self.threads.append(threading.current_thread().name)
            end = perf_counter_ns() + 3 * INLINE_NANOSECONDS
            while perf_counter_ns() < end:
                pass
        return super().parse(body)


def test_bodies_that_take_long_to_refuse_leave_the_loop_too() -> None:
    model = SlowToRefuse()
    with running(model) as server, server.connect() as connection:
        for _ in range(20):
            connection.ask(post())
        for _ in range(50):
            assert connection.ask(post(b"no,2\n3,4\n")).status == 400
    assert model.threads[-1].startswith("pool-")


def test_a_slow_model_never_holds_up_a_ping() -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def wait(rows: object) -> None:
        asked.set()
        assert may_answer.wait(HUNG)

    with running(Adding(wait)) as server, server.connect() as slow, server.connect() as quick:
        slow.send(post())
        assert asked.wait(HUNG)
        assert quick.ask(PING).status == 200
        may_answer.set()
        assert slow.reply().body == SUMS


@pytest.mark.parametrize("cut", range(1, len(post()), 7))
def test_a_request_may_come_in_pieces(connection: Connection, cut: int) -> None:
    text = post()
    connection.send(text[:cut])
    assert connection.ask(text[cut:]).body == SUMS


def test_the_head_that_a_client_repeats_is_parsed_once(
    server: Running, connection: Connection
) -> None:
    text = post(ROWS, b"X-Client: repeats")
    head = text.removesuffix(ROWS)

    def known() -> RequestHead | None:
        assert connection.ask(text).body == SUMS
        return server.server.worker.known(head)

    found = until(known, "a quick answer")
    assert found.found[b"x-client"] == b"repeats"
    assert (found.length, found.kept) == (len(ROWS), True)


def test_ever_new_heads_take_no_more_memory(server: Running, connection: Connection) -> None:
    worker = server.server.worker
    texts = [post(ROWS, b"X-Request: %d" % number) for number in range(2 * KNOWN_HEADS)]
    texts.append(post(ROWS, b"X-Long: %b" % (b"x" * KNOWN_HEAD)))
    for text in texts:
        assert connection.ask(text).body == SUMS
        assert connection.ask(text).body == SUMS
    known = [text for text in texts if worker.known(text.removesuffix(ROWS)) is not None]
    assert 0 < len(known) <= KNOWN_HEADS
    assert texts[-1] not in known


class Manner(Enum):
    """How a request comes."""

    WHOLE = auto()
    IN_PIECES = auto()
    WITH_THE_NEXT = auto()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(Manner),
            st.integers(1, 200),
            st.sampled_from([b"1,2\n", b"3,4\n", b"no\n!", b"5,6\n7,8\n"]),
            st.sampled_from([b"", b"one", b"two"]),
        ),
        max_size=12,
    )
)
def test_however_requests_come_each_has_its_own_answer(
    server: Running, asked: list[tuple[Manner, int, bytes, bytes]]
) -> None:
    answers = {b"1,2\n": b"3.0\n", b"3,4\n": b"7.0\n", b"5,6\n7,8\n": b"11.0\n15.0\n"}
    with server.connect() as connection:
        unread: list[tuple[bytes, bytes]] = []
        kept_back = b""

        def read() -> None:
            while unread:
                body, attributes = unread.pop(0)
                reply = connection.reply()
                assert reply.status == (200 if body in answers else 400)
                if body in answers:
                    assert reply.body == answers[body]
                    assert reply.headers[ATTRIBUTES.lower()] == attributes.decode()

        for manner, cut, body, attributes in asked:
            text = kept_back + post(body, b"%b: %b" % (ATTRIBUTES.encode(), attributes))
            kept_back = b""
            unread.append((body, attributes))
            if manner is Manner.WITH_THE_NEXT:
                kept_back = text
                continue
            if manner is Manner.IN_PIECES:
                connection.send(text[:cut])
                text = text[cut:]
            if text:
                connection.send(text)
            read()
        if kept_back:
            connection.send(kept_back)
        read()


def test_a_head_that_came_in_a_piece_of_its_own_request_is_not_taken_for_the_next_ones(
    server: Running, connection: Connection
) -> None:
    first, second = b"1,2\n", b"3,4\n"
    for _ in range(5):
        connection.send(post(first + second).removesuffix(second))
        with server.connect() as other:
            assert other.ask(PING).status == 200  # so the server has read what came before
        connection.send(second + post(b"5,6\n"))
        assert connection.reply().body == SUMS
        assert connection.reply().body == b"11.0\n"


def test_a_known_head_waits_for_the_answer_before_it() -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def wait(rows: list[list[float]]) -> None:
        if len(rows) == 100:  # the first of its size, which goes to a thread
            asked.set()
            assert may_answer.wait(HUNG)

    with running(Adding(wait)) as server, server.connect() as connection:

        def known() -> RequestHead | None:
            assert connection.ask(post()).body == SUMS
            return server.server.worker.known(post().removesuffix(ROWS))

        until(known, "a quick answer")
        connection.send(post(b"1,2\n" * 100))
        assert asked.wait(HUNG)
        connection.send(post())
        with server.connect() as other:
            assert other.ask(PING).status == 200  # so the server has read what came before
        may_answer.set()
        assert connection.reply().body == b"3.0\n" * 100
        assert connection.reply().body == SUMS


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_repeated_head_that_wishes_the_end_ends_the_connection_each_time(
    server: Running, version: bytes
) -> None:
    for _ in range(4):
        with server.connect() as connection:
            connection.send(post(ROWS, b"Connection: close", version=version))
            reply = connection.reply()
            assert (reply.body, reply.headers["connection"]) == (SUMS, "close")
            assert connection.rest() == b""


def test_a_known_head_with_less_or_more_behind_it_is_none_that_is_known(
    server: Running, connection: Connection
) -> None:
    text = post()

    def known() -> RequestHead | None:
        assert connection.ask(text).body == SUMS
        return server.server.worker.known(text.removesuffix(ROWS))

    until(known, "a quick answer")
    connection.send(text[:-1])
    assert connection.ask(text[-1:] + text + PING).body == SUMS
    assert connection.reply().body == SUMS
    assert connection.reply().status == 200


def test_pipelined_requests_are_answered_in_their_order(connection: Connection) -> None:
    large = b"1,2\n" * (INLINE_BODY // 4 + 1)  # this one goes to a task
    texts = [post(b"%d,0\n" % number) for number in range(50)]
    texts.insert(25, post(large))
    connection.send(b"".join(texts))
    bodies = [connection.reply().body for _ in texts]
    assert bodies.pop(25) == b"3.0\n" * (INLINE_BODY // 4 + 1)
    assert bodies == [b"%d.0\n" % number for number in range(50)]


def test_a_client_that_wishes_no_more_is_told_so_and_let_go(connection: Connection) -> None:
    reply = connection.ask(post(ROWS, b"Connection: close"))
    assert (reply.body, reply.headers["connection"]) == (SUMS, "close")
    assert connection.rest() == b""


@pytest.mark.parametrize("headers", [(), (b"Connection: keep-alive",)])
def test_http_1_0_has_one_answer_a_connection(
    connection: Connection, headers: tuple[bytes, ...]
) -> None:
    reply = connection.ask(post(ROWS, *headers, version=b"1.0"))
    assert (reply.body, reply.headers["connection"]) == (SUMS, "close")
    assert connection.rest() == b""


def test_nothing_is_answered_after_the_last_answer(connection: Connection) -> None:
    connection.send(post(ROWS, b"Connection: close") + post() + PING)
    assert connection.reply().body == SUMS
    assert connection.rest() == b""


def test_what_comes_behind_the_last_request_does_not_cut_off_its_answer() -> None:
    asked, may_answer = threading.Event(), threading.Event()
    large = post(b"1,2\n" * INLINE_BODY)

    def wait(rows: object) -> None:
        asked.set()
        assert may_answer.wait(HUNG)

    def send_on(connection: Connection) -> None:
        with suppress(OSError):  # closed before all was sent
            for _ in range(16):  # more than the kernel keeps
                connection.send(large)

    with running(Adding(wait)) as server, server.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        connection.send(large.replace(b"Host: x", b"Connection: close"))
        assert asked.wait(HUNG)
        behind = threading.Thread(target=send_on, args=(connection,))
        behind.start()
        until(lambda: not behind.is_alive(), "the server reads what it ignores")
        may_answer.set()
        assert connection.reply().body == b"3.0\n" * INLINE_BODY
        assert connection.rest() == b""


def test_a_body_in_chunks_is_read(connection: Connection) -> None:
    head = b"POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\n"
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in range(3):
        reply = connection.ask(head + b"3\r\n1,2\r\n5\r\n\n3,4\n\r\n0\r\n\r\n")
        assert (reply.status, reply.body) == (200, SUMS)


def test_a_client_that_waits_to_be_told_is_told_to_go_on(connection: Connection) -> None:
    head, _, body = post(ROWS, b"Expect: 100-continue").partition(b"\r\n\r\n")
    assert connection.ask(head + b"\r\n\r\n").status == 100
    assert connection.ask(body).body == SUMS


def test_a_client_that_waits_with_too_much_is_refused_before_it_sends(
    connection: Connection,
) -> None:
    head = b"POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\nExpect: 100-continue\r\n"
    reply = connection.ask(head + b"Content-Length: %d\r\n\r\n" % (BODY_LIMIT + 1))
    assert (reply.status, reply.headers["connection"]) == (413, "close")


def test_an_answer_comes_in_one_packet(connection: Connection) -> None:
    for path in (b"/invocations", b"/execution-parameters"):  # the fast path and a task
        connection.send(post() if path == b"/invocations" else b"GET %b HTTP/1.1\r\n\r\n" % path)
        whole = connection.socket.recv(65536)
        head, _, body = whole.partition(b"\r\n\r\n")
        assert b"content-length: %d\r\n" % len(body) in head
        assert body


def test_head_has_no_body(connection: Connection) -> None:
    connection.send(b"HEAD /ping HTTP/1.1\r\n\r\nHEAD /execution-parameters HTTP/1.1\r\n\r\n")
    assert connection.reply(head_only=True).status == 200
    reply = connection.reply(head_only=True)
    assert (reply.status, int(reply.headers["content-length"]) > 0) == (200, True)
    assert connection.ask(PING).status == 200  # and nothing stood between


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",  # a client that speaks TLS
        b"GET /ping HTTP/9.9\r\n\r\n",
        b"NONSENSE /ping HTTP/1.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        post(ROWS, b"Content-Length: 3"),
        post(ROWS, b"Transfer-Encoding: chunked"),
        post().replace(b"Content-Length: 8", b"Content-Length: -8"),
        post().replace(b"Content-Length: 8", b"Content-Length: " + b"9" * 30),
        post().replace(b"Content-Length: 8", b"Transfer-Encoding: chunked"),
        post(ROWS, *([b"A: b"] * HEADERS_LIMIT)),
        b"POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\nContent Length: 3\r\n\r\n1,2",
        b"GET /ping HTTP/1.1\r\nA: b\x00c\r\n\r\n",
    ],
)
def test_what_is_no_request_is_400_and_the_end(connection: Connection, text: bytes) -> None:
    reply = connection.ask(text)
    assert (reply.status, reply.headers["connection"]) == (400, "close")
    assert connection.rest() == b""


def test_a_request_before_nonsense_has_its_answer(connection: Connection) -> None:
    large = b"1,2\n" * (INLINE_BODY // 4 + 1)  # its answer is still being made
    assert connection.ask(post(large) + b"nonsense\r\n\r\n").status == 200
    connection.rest()


def test_an_endless_head_is_refused() -> None:
    with running(Adding()) as server, server.connect() as connection:  # nobody else is busy here
        connection.send(b"GET /ping HTTP/1.1\r\nA: ")
        until(lambda: busy(server), "the beginning is there")
        connection.send(b"a" * (HEAD_LIMIT + 1))
        assert connection.reply().status == 431


def test_a_request_before_an_endless_head_has_its_answer() -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def wait(rows: object) -> None:
        asked.set()
        assert may_answer.wait(HUNG)

    with running(Adding(wait)) as server, server.connect() as connection:
        connection.send(post() + b"GET /ping HTTP/1.1\r\nA: ")
        assert asked.wait(HUNG)
        connection.send(b"a" * (2 * HEAD_LIMIT))
        until(lambda: any(broken(one) for one in server.server.worker.connections), "the refusal")
        may_answer.set()
        reply = connection.reply()
        assert (reply.body, reply.headers["connection"]) == (SUMS, "close")


def test_a_long_line_of_requests_is_no_endless_head(connection: Connection) -> None:
    text = post(ROWS) * (2 * HEAD_LIMIT // len(post(ROWS)))
    connection.send(text[:-1])
    connection.send(text[-1:])
    for _ in range(2 * HEAD_LIMIT // len(post(ROWS))):
        assert connection.reply().status == 200


def test_an_unknown_content_type_and_a_bad_body_are_refused_on_one_connection(
    connection: Connection,
) -> None:
    assert connection.ask(post().replace(b"text/csv", b"text/html")).status == 415
    assert connection.ask(post(ROWS, b"Accept: text/html")).status == 406
    for _ in range(5):
        reply = connection.ask(post(b"x,1\n"))
        assert (reply.status, b"could not convert" in reply.body) == (400, True)
    assert connection.ask(post()).body == SUMS


def test_a_fault_of_ours_is_500_on_both_ways_and_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    faults: list[str] = []

    def fail(rows: object) -> None:
        if faults:
            raise ZeroDivisionError("secret detail")

    with running(Adding(fail)) as server, server.connect() as connection:
        for _ in range(10):
            assert connection.ask(post()).status == 200
        faults.append("from now on")
        reply = connection.ask(post())
        assert (reply.status, b"secret" in reply.body) == (500, False)
        assert "secret detail" in caplog.text
        assert connection.ask(PING).status == 200


def test_custom_attributes_and_ids_come_back_on_the_fast_path(connection: Connection) -> None:
    attributes = b"X-Amzn-SageMaker-Custom-Attributes: "
    for _ in range(5):
        reply = connection.ask(post(ROWS, attributes + b"a=1", b"X-Amzn-RequestId: q-1"))
        assert reply.headers["x-amzn-sagemaker-custom-attributes"] == "a=1"
        assert reply.headers["x-amzn-requestid"] == "q-1"
    assert connection.ask(post(ROWS, attributes + b"x" * 1025)).status == 400


def test_a_body_that_would_have_to_be_unpacked_is_refused(connection: Connection) -> None:
    for _ in range(5):
        reply = connection.ask(post(ROWS, b"Content-Encoding: gzip"))
        assert (reply.status, b"Content-Encoding is 'gzip'" in reply.body) == (415, True)
        assert connection.ask(post(ROWS, b"Content-Encoding: identity")).status == 200


def test_an_id_that_a_line_of_a_log_cannot_hold_is_replaced(connection: Connection) -> None:
    reply = connection.ask(post(ROWS, b'X-Amzn-RequestId: "},{'))
    assert '"' not in reply.headers["x-amzn-requestid"]
    assert connection.ask(post()).headers["x-amzn-requestid"] != reply.headers["x-amzn-requestid"]


def test_an_offer_of_another_protocol_is_not_taken_up(connection: Connection) -> None:
    reply = connection.ask(b"GET /ping HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert (reply.status, reply.headers["connection"]) == (200, "close")


def later(running: Running, seconds: float) -> None:
    """Let the server look at its connections as if so many seconds had passed."""
    from time import perf_counter_ns

    server = running.server
    assert server._loop is not None
    now = perf_counter_ns() + int(seconds * 1e9)
    for connection in list(server.worker.connections):
        server._loop.call_soon_threadsafe(connection.check_time, now)


def test_a_request_that_does_not_come_to_its_end_is_408(server: Running) -> None:
    beginnings = (b"P", post()[:-1], b"GET /ping HTTP/1.1\r\nHost: x\r\n")
    for beginning in beginnings:
        with server.connect() as connection:
            connection.send(PING + beginning)
            assert connection.reply().status == 200
            until(lambda: busy(server), "the beginning is there")
            later(server, REQUEST_SECONDS - 1)
            later(server, REQUEST_SECONDS + 1)
            reply = connection.reply()
            assert (reply.status, reply.headers["connection"]) == (408, "close")


def busy(running: Running) -> bool:
    connections = running.server.worker.connections
    return any(not one.idle() for one in list(connections))


def test_a_connection_that_asks_nothing_is_closed_in_the_end(server: Running) -> None:
    with server.connect() as connection:
        assert connection.ask(PING).status == 200
        later(server, IDLE_SECONDS - 5)
        assert connection.ask(PING).status == 200
        later(server, IDLE_SECONDS + 5)
        assert connection.rest() == b""


def test_what_waits_for_a_thread_is_bounded() -> None:
    may_answer = threading.Event()
    asked = threading.Semaphore(0)

    def wait(rows: object) -> None:
        asked.release()
        assert may_answer.wait(HUNG)

    app = App(Adding(wait), pool=ThreadPool(threads=1, most=2))
    with (
        running(Adding(), app=app) as server,
        server.connect() as first,
        server.connect() as second,
        server.connect() as third,
    ):
        first.send(post())
        assert asked.acquire(timeout=HUNG)
        second.send(post())
        until(lambda: app.pool._count == 2, "the second waits")
        reply = third.ask(post())
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        may_answer.set()
        assert (first.reply().body, second.reply().body) == (SUMS, SUMS)
        assert third.ask(post()).body == SUMS


def test_the_bytes_that_wait_are_bounded() -> None:
    app = App(Adding(), pool=ThreadPool(most_bytes=1000))
    with running(Adding(), app=app) as server, server.connect() as connection:
        assert connection.ask(post(b"1,2\n" * 251)).status == 503
        assert connection.ask(post(b"1,2\n" * 250)).status == 200
        head = b"POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked"
        chunk = b"%x\r\n%b\r\n" % (1004, b"1,2\n" * 251)
        assert connection.ask(head + b"\r\n\r\n" + chunk + b"0\r\n\r\n").status == 503


def test_more_connections_than_allowed_are_turned_away() -> None:
    with running(Adding()) as server:
        server.server.worker.most = 2
        with server.connect() as first, server.connect() as second:
            assert first.ask(PING).status == second.ask(PING).status == 200
            with server.connect() as third:
                reply = third.ask(PING)
                assert (reply.status, reply.headers["retry-after"]) == (503, "1")
            until(lambda: len(server.server.worker.connections) == 2, "the third is gone")
            with server.connect() as fourth:
                first.socket.close()
                until(lambda: len(server.server.worker.connections) == 2, "the first is")
                fourth.send(PING)
                assert fourth.reply().status == 503  # it was one too many when it came


def test_a_client_that_does_not_read_is_not_read_either(server: Running) -> None:
    connection = server.connect()
    with connection:
        connection.socket.settimeout(1)
        text = post(ROWS) * 1000
        sent = 0
        with pytest.raises(TimeoutError):
            while True:
                sent += connection.socket.send(text[sent % len(text) :])
        assert sent < 200 * 1024 * 1024
        until(lambda: unread(server), "the server waits for the client to read")
        later(server, 61)
        until(lambda: not unread(server), "the connection is cut")


def unread(running: Running) -> bool:
    connections = running.server.worker.connections
    return any(isinstance(one, Protocol) and one._unread_since for one in list(connections))


CHUNKED = (
    b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(ROWS), ROWS)
)


@pytest.mark.parametrize("trailer", [b"Content-Type: a/b", b"Accept: a/b"])
def test_what_follows_the_chunks_changes_nothing(connection: Connection, trailer: bytes) -> None:
    reply = connection.ask(CHUNKED + trailer + b"\r\n\r\n")
    assert (reply.status, reply.body) == (200, SUMS)


def arriving(connection: object) -> bool:
    assert isinstance(connection, Protocol)
    return connection._arriving


def broken(connection: object) -> bool:
    assert isinstance(connection, Protocol)
    return connection._broken


def pending(connection: object) -> bool:
    assert isinstance(connection, Protocol)
    return bool(connection._pending)


@pytest.mark.parametrize("endless", [CHUNKED + b"X-A: ", CHUNKED[:-3] + b"0;a="])
def test_an_endless_trailer_or_chunk_extension_is_refused(server: Running, endless: bytes) -> None:
    with server.connect() as connection:
        connection.send(endless)
        until(lambda: any(arriving(one) for one in server.server.worker.connections))
        connection.send(b"a" * (HEAD_LIMIT + 1))
        assert connection.reply().status == 431
        assert connection.rest() == b""


def test_chunks_of_a_byte_are_no_endless_head(connection: Connection) -> None:
    body = b"1," * (HEAD_LIMIT // 8) + b"1\n"
    chunks = b"".join(b"1\r\n%b\r\n" % body[n : n + 1] for n in range(len(body)))
    head = CHUNKED.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    for start in range(0, len(chunks), 10_000):
        connection.send(chunks[start : start + 10_000] if start else head + chunks[:10_000])
    assert connection.ask(b"0\r\n\r\n").status == 200


def test_a_client_that_sends_no_more_still_gets_its_answer() -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def wait(rows: object) -> None:
        asked.set()
        assert may_answer.wait(HUNG)

    with running(Adding(wait)) as server, server.connect() as connection:
        connection.send(post())
        connection.socket.shutdown(socket.SHUT_WR)
        assert asked.wait(HUNG)
        with server.connect() as other:
            assert other.ask(PING).status == 200  # the end was seen by now
        may_answer.set()
        reply = connection.reply()
        assert (reply.status, reply.body) == (200, SUMS)
        assert connection.rest() == b""


def test_a_header_in_several_lines_is_one_with_commas(connection: Connection) -> None:
    for _ in range(5):
        reply = connection.ask(post(ROWS, b"Accept: image/png", b"Accept: text/csv"))
        assert b"'image/png, text/csv'" in reply.body


def test_two_content_types_are_refused(connection: Connection) -> None:
    for _ in range(5):
        reply = connection.ask(post(ROWS, b"Content-Type: application/json"))
        assert reply.status == 415


def test_what_was_asked_in_a_row_is_answered_to_a_client_that_sends_no_more() -> None:
    with running(Adding()) as server, server.connect() as connection:
        connection.send(3 * post())
        connection.socket.shutdown(socket.SHUT_WR)
        assert [connection.reply().body for _ in range(3)] == 3 * [SUMS]
        assert connection.rest() == b""


def test_what_is_refused_early_has_one_answer(connection: Connection) -> None:
    head = CHUNKED.partition(b"\r\n\r\n")[0].replace(b"text/csv", b"a/b") + b"\r\n\r\n"
    assert connection.ask(head).status == 415
    connection.send(b"no chunk\r\n")
    assert connection.rest() == b""


def test_a_refusal_before_the_body_was_asked_for_ends_the_connection(
    connection: Connection,
) -> None:
    reply = connection.ask(
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\n"
        b"Expect: 100-continue\r\nContent-Length: 6\r\n\r\n"
    )
    assert (reply.status, reply.headers["connection"]) == (415, "close")
    assert connection.rest() == b""
