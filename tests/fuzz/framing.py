"""Requests that are wrong, or odd, below the level of bodies: a connection's bytes, in parts."""

import random
from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

Parts = list[bytes]

GOOD = (
    b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: 8\r\n\r\n"
    b"1,2,3,4\n"
)
ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
LENGTHS = (
    b"0", b"7", b"9", b"-1", b"+8", b" 8 ", b"8, 8", b"8,8", b"0x8", b"8.0", b"08", b"", b"x",
    b"1e1", b"99999999999999999999999", b"18446744073709551616", b"4294967296",
    b"9223372036854775807", b"26214400", b"26214401", b"\xb2", b"8\x00", b"8\r\n 9", b"8;",
)  # fmt: skip
TARGETS = (
    b"/invocations", b"/ping", b"/", b"*", b"//invocations", b"/invocations/", b"/invocations?a=b",
    b"/Invocations", b"/%69nvocations", b"/invocations%00", b"/../invocations", b"/models",
    b"/models/x/invoke", b"/execution-parameters", b"/openapi.json", b"http://x/invocations",
    b"http://[/", b"/" + b"a" * 9000, b"/%", b"/\xff", b"/?" + b"&" * 5000, b"/invocations#x", b"",
    b"x", b"/\xc3\xbc", b"/%ff", b"/a b",
)  # fmt: skip
# Without HEAD, whose answer cannot be told from the next by its length.
METHODS = (
    b"GET", b"POST", b"PUT", b"OPTIONS", b"DELETE", b"TRACE", b"PATCH", b"CONNECT",
    b"PRI", b"post", b"BREW", b"G\x00T", b"", b"GET ", b"M" * 3000, b"PROPFIND",
)  # fmt: skip
VERSIONS = (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.1 ", b"",
            b"http/1.1", b"HTTP/11", b"HTTP/1.1\r\n", b"ICE/1.0", b"RTSP/1.0")  # fmt: skip
ENDS = (b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r\n", b"\x00\r\n", b"")
VALUES = (
    b"", b"x", b"x\r\nx-evil: 1", b"x\nx-evil: 1", b"x\rx-evil: 1", b"x\x00y", b"\t", b"\xff\xfe",
    "\u00fc".encode(), b"\x7f", b"x\x0by", b"a" * 1024, b"a" * 1025, b"a" * 100_000, b"%0d%0a",
    b'"', b"\r\n folded", b"x\x1b[31m",
)  # fmt: skip
TYPES = (
    b"text/csv", b"TEXT/CSV", b"text/csv; charset=utf-8; header=present", b"text/csv;header=absent",
    b"text/csv;header=\"", b"application/json", b"application/json;;;", b"application/x-npy",
    b"application/x-parquet", b"application/jsonlines", b"", b"text", b"/", b"text/csv, text/csv",
    b"text/" + b"x" * 9000, b"*/*", b"\xff", b"text/csv; q=0; =; ;",
    b"multipart/form-data; boundary=x",
)  # fmt: skip
ACCEPTS = (
    b"*/*", b"text/csv", b"application/json;q=0.1, text/csv;q=0.9", b"application/x-npy", b"",
    b"text/csv;q=0", b"*/*;q=0", b"text/*", b"*", b"*/json", b"text/csv;q=nan", b"text/csv;q=-1",
    b"text/csv;q=1e400", b"text/csv;q=", b";q=1", b"," * 500, b"a/b," * 2000 + b"*/*",
    b"text/csv;q=0.00000000001", b"application/xml", b"\xff", b"text/csv;q=1.0;q=0",
    b"application/x-parquet", b"image/png, */*;q=0.1", b"text/csv;" + b"a=b;" * 2000,
)  # fmt: skip
OTHERS = (
    (b"expect", b"100-continue"), (b"expect", b"100-Continue"), (b"expect", b"x"),
    (b"connection", b"close"), (b"connection", b"keep-alive"), (b"connection", b"upgrade"),
    (b"upgrade", b"websocket"), (b"upgrade", b"h2c"), (b"transfer-encoding", b"chunked"),
    (b"transfer-encoding", b"gzip, chunked"), (b"transfer-encoding", b"chunked, identity"),
    (b"transfer-encoding", b"xchunked"), (b"transfer-encoding", b" chunked\t"),
    (b"transfer-encoding", b"\x0bchunked"), (b"content-encoding", b"gzip"), (b"te", b"trailers"),
    (b"host", b""), (b"host", b"a, b"), (b"host", b"\xff"), (b"date", b"x"),
    (b"x-amzn-requestid", b'x","y":"'), (b"x-amzn-requestid", b"a" * 5000),
    (b"x-amzn-sagemaker-inference-id", b"x\x00"), (b"x-amzn-sagemaker-inference-id", b"a" * 5000),
    (b"x-forwarded-for", b"::" * 3000), (b"content-length", b"8"), (b"content-type", b"text/csv"),
    (b"accept", b"text/csv"), (b" space", b"x"), (b"na me", b"x"), (b"", b"x"),
    (b"a" * 70_000, b""),
    (b"x\x00", b"y"), (b"\xff", b"y"), (b"x-amzn-sagemaker-target-model", b"../../etc/passwd"),
)  # fmt: skip
CHUNKED = (
    b"8\r\n1,2,3,4\n\r\n0\r\n\r\n", b"8;x=y\r\n1,2,3,4\n\r\n0\r\n\r\n",
    b"08\r\n1,2,3,4\n\r\n0\r\n\r\n",
    b"8\n1,2,3,4\n\n0\n\n", b"-8\r\n1,2,3,4\n\r\n0\r\n\r\n", b"0x8\r\n1,2,3,4\n\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFF\r\n1", b"FFFFFFFFFFFFFFFFF\r\n1", b"8\r\n1,2,3,4\n0\r\n\r\n", b"8\r\n1,2",
    b"8\r\n1,2,3,4\n\r\n0\r\nx-trailer: y\r\n\r\n",
    b"8\r\n1,2,3,4\n\r\n0\r\ncontent-length: 5\r\n\r\n",
    b"8;" + b"x" * 70_000 + b"\r\n1,2,3,4\n\r\n0\r\n\r\n", b"0\r\n\r\n", b"\r\n\r\n",
    b"8 \r\n1,2,3,4\n\r\n0\r\n\r\n",
    b"1\r\n1\r\n" * 3000 + b"0\r\n\r\n", b"8\r\n1,2,3,4\n\r\n0\r\n" + b"x: y\r\n" * 300 + b"\r\n",
)  # fmt: skip


@st.composite
def conversations(draw: DrawFn) -> Parts:
    """One to three requests on a connection, mostly with something wrong, and how they arrive."""
    text = b"".join(draw(st.lists(requests(), min_size=1, max_size=3)))
    if draw(st.integers(0, 7)) == 0:
        text = _damaged(text, draw(st.integers(0, 2**32)))
    return draw(st.sampled_from([_whole, _whole, _whole, _halves, _bytes]))(text)


@st.composite
def requests(draw: DrawFn) -> bytes:
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return GOOD
    if kind == 1:
        return draw(st.binary(min_size=1, max_size=300))
    headers: list[tuple[bytes, bytes]] = [(b"host", b"x")]
    headers.append((b"content-type", draw(_mostly(b"text/csv", TYPES))))
    if draw(st.booleans()):
        headers.append((b"accept", draw(st.sampled_from(ACCEPTS))))
    if draw(st.booleans()):
        headers.append((ATTRIBUTES, draw(st.sampled_from(VALUES))))
    headers += draw(st.lists(st.sampled_from(OTHERS), max_size=2))
    if draw(st.integers(0, 30)) == 0:
        headers += [
            (b"x-many-%d" % n, b"y") for n in range(draw(st.sampled_from([199, 250, 9000])))
        ]
    body = b"1,2,3,4\n"
    if draw(st.integers(0, 4)) == 0:
        headers.append((b"transfer-encoding", b"chunked"))
        body = draw(st.sampled_from(CHUNKED))
    if draw(st.integers(0, 6)):
        length = draw(_mostly(b"%d" % len(body), LENGTHS))
        if (b"transfer-encoding", b"chunked") not in headers or draw(st.booleans()):
            headers.append((b"content-length", length))
    headers = draw(st.permutations(headers)) if draw(st.booleans()) else headers
    line = b" ".join(
        (
            draw(_mostly(b"POST", METHODS)),
            draw(_mostly(b"/invocations", TARGETS)),
            draw(_mostly(b"HTTP/1.1", VERSIONS)),
        )
    )
    end = draw(_mostly(b"\r\n", ENDS))
    lines = [line, *(b"%b: %b" % header for header in headers)]
    return end.join(lines) + end + end + body


def _mostly(right: bytes, wrong: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    return st.one_of(st.just(right), st.just(right), st.just(right), st.sampled_from(wrong))


def _damaged(text: bytes, seed: int) -> bytes:
    chance = random.Random(seed)  # noqa: S311
    changed = bytearray(text)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _whole(text: bytes) -> Parts:
    return [text]


def _halves(text: bytes) -> Parts:
    return [text[: len(text) // 2], text[len(text) // 2 :]]


def _bytes(text: bytes) -> Parts:
    """The first and the last of them one by one: each is a segment of its own."""
    first, last = text[:60], text[60:][-20:]
    middle = text[len(first) : len(text) - len(last)]
    singles = [bytes([one]) for one in first]
    return [*singles, middle, *(bytes([one]) for one in last)]
