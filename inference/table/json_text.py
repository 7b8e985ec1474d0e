"""JSON documents of any size: long lists of numbers are set aside, to be read piece by piece.

Python's lock is held while a document is read. A body of 18 MB would hold it for a tenth of a
second and more, in which nothing else is answered.
"""

import json
import math
import re
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from inference.refusal import Refusal, shown
from inference.table.columns import CONTENT_TOO_LARGE, ROW_LIMIT, VALUE_LIMIT
from inference.table.numbers import BEYOND

LONG = 8 * 1024  # bytes without a quotation mark that are looked at for a list
CHUNK = 256 * 1024  # bytes of objects that are read at once
CAREFUL_LIMIT = 1024 * 1024  # bytes that are read by Python's own parser, if they must be
WHOLE_LIMIT = 8 * CAREFUL_LIMIT  # of texts, orjson makes objects of 23 times their size
WHITESPACE = b" \t\r\n"
FEW = 100  # elements of a list that are looked through for texts
# Stands in a document where a list was; unlike anything that a client can send on purpose.
_TOKEN = secrets.token_hex(16)

_WS = rb"[ \t\r\n]*"
_LIST_OF_OBJECTS = re.compile(rb'%b(?:\{%b("[^"\\]{1,40}")%b:%b)?\[%b(?=\{)' % ((_WS,) * 5))
_BETWEEN_OBJECTS = re.compile(rb"\}%b,%b(?=\{)" % (_WS, _WS))


class NoJson(Refusal):
    """What was read is no JSON."""


class Aside:
    """The text of a long list, from its bracket to its bracket, which may turn out to be no JSON.

    ``is_read``: whether somebody has taken it to read it.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.is_read = False

    def __repr__(self) -> str:
        return "[…]"

    def take(self) -> bytes:
        """The text; who takes it reads all of it."""
        self.is_read = True
        return self.text


class Document(NamedTuple):
    """``asides``: all that are in ``value``. Those that nobody takes must be read all the same."""

    value: Any
    asides: Sequence[Aside] = ()


def read(body: bytes) -> Document:
    """The document of a body; a long list that holds no text and no object is an Aside.

    NaN, Infinity and -Infinity are read, as Python's clients write them. Raises Refusal: 413
    for more values than are answered at once; 400 for what is no JSON, for a key that stands
    twice in an object, and for a number that no float64 holds.
    """
    if len(body) < LONG:
        return Document(load(body))
    body = body.strip(WHITESPACE)
    if len(body) > ROW_LIMIT:  # a list is a byte at least, and so is a value
        _check_marks(body)
    text, asides = _set_aside(body)
    if not asides:
        return Document(_in_pieces(body))
    left = dict(asides)
    try:
        value = _put_back(load(text), left)
    except NoJson:
        if len(body) > WHOLE_LIMIT:
            raise
        left = asides
    # What was set aside may have been part of a text, or in place of a key.
    return Document(load(body)) if left else Document(value, tuple(asides.values()))


def _in_pieces(body: bytes) -> Any:
    """The document, with a list of objects read piece by piece."""
    begin = _LIST_OF_OBJECTS.match(body)
    if begin is None or not body.endswith(b"]" if begin[1] is None else b"}"):
        return load(body)
    text = body if begin[1] is None else body[:-1].rstrip(WHITESPACE)
    if not text.endswith(b"]"):
        return load(body)
    start, last = begin.end(), len(text) - 1
    found: list[Any] = []
    try:
        while last - start > CHUNK:
            between = _BETWEEN_OBJECTS.search(text, start + CHUNK, last)
            if between is None:
                break
            found += load(b"[%b]" % text[start : between.start() + 1])
            start = between.end()
        found += load(b"[%b]" % text[start:last])
        return found if begin[1] is None else {load(begin[1]): found}
    except NoJson:
        return load(body)  # what is wrong with it, or how else it is right


def load(text: bytes) -> Any:
    """A document that is read at once. Raises Refusal as ``read`` does.

    In a long one, NaN and Infinity are no JSON, and of a key that stands twice the name is not
    told: Python's own parser would hold the lock for too long.
    """
    if len(text) > WHOLE_LIMIT:
        raise Refusal(
            f"a document of this shape is read up to {WHOLE_LIMIT} bytes; rows in a list under "
            '"instances" are read up to 25 MiB',
            status=CONTENT_TOO_LARGE,
        )
    try:
        document = orjson.loads(text)
    except ValueError as error:
        if len(text) > CAREFUL_LIMIT:
            raise NoJson(f"the body is not JSON: {error}") from None
        return _load_carefully(text)
    # orjson lets the last of equal keys win. It was the only one if as many texts came out as
    # went in.
    if 2 * _texts(document) == text.count(b'"'):
        return document
    if len(text) <= CAREFUL_LIMIT:
        return _load_carefully(text)
    escaped = text.replace(b"\\\\", b"").count(b'\\"')
    if 2 * _all_texts(document) != text.count(b'"') - escaped:
        raise Refusal("a key stands twice in one object")
    return document


def load_lines(lines: list[bytes], first: int) -> list[Any]:
    """The documents of lines, counted from ``first``. Raises Refusal as ``read`` does."""
    try:
        documents = list(map(orjson.loads, lines))
    except ValueError:
        documents = []
    if documents and 2 * _texts(documents) == sum(line.count(b'"') for line in lines):
        return documents
    found = []
    for number, line in enumerate(lines, first):
        try:
            found.append(load(line))
        except Refusal as refusal:
            raise Refusal(f"row {number}: {refusal.reason}", status=refusal.status) from None
    return found


def _texts(value: Any) -> int:
    """How many keys and texts a value holds; too few for some that the callers do not take."""
    kind = type(value)
    if kind is str:
        return 1
    if kind is dict:
        return len(value) + sum(map(_texts, value.values()))
    if kind is list and value:
        if len(value) > FEW:
            return sum(map(len, value)) if type(value[0]) is dict and _all_sized(value) else 0
        return sum(map(_texts, value))
    return 0


def _all_texts(value: Any) -> int:
    """How many keys and texts a value holds, whatever it is."""
    kind = type(value)
    if kind is dict:
        return len(value) + sum(map(_all_texts, value.values()))
    if kind is list:
        return sum(map(_all_texts, value))
    return kind is str


def _all_sized(values: list[Any]) -> bool:
    return set(map(type, values)) == {dict}


def _load_carefully(text: bytes) -> Any:
    try:
        return json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_float=_finite,
            parse_int=_integer,
        )
    except UnicodeDecodeError as error:
        raise Refusal(f"the body is not UTF-8: byte {error.start + 1} belongs to nothing") from None
    except RecursionError:
        raise Refusal("the body is nested too deeply") from None
    except ValueError as error:
        raise NoJson(f"the body is not JSON: {error}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refusal(f"the key {shown(twice)} stands twice in one object")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise Refusal(f"{shown(text)} {BEYOND}")
    return value


def _integer(text: str) -> int | float:
    """Python's, or the nearest float64 to one of so many digits that Python makes none."""
    return int(text) if len(text) < 300 else _finite(text)


def _check_marks(body: bytes) -> None:
    """Refuse more than can be answered before memory is taken for it: 25 MiB of ``[0,0,…`` took
    20 times that.
    """
    lists = _count(body, b"[") + _count(body, b"{")
    values = _count(body, b",") + 1
    for found, limit, name in (
        (lists, ROW_LIMIT + FEW, "lists and objects"),
        (values, VALUE_LIMIT + FEW, "values"),
    ):
        if found > limit:
            raise Refusal(
                f"{found} {name} in one body; at most {limit} are read, so send the rows in "
                "several requests",
                status=CONTENT_TOO_LARGE,
            )


def _count(body: bytes, mark: bytes) -> int:
    """In pieces, between which Python's lock is let go: 18 MB of commas hold it for 20 ms."""
    pieces = range(0, len(body), CAREFUL_LIMIT)
    return sum(body.count(mark, start, start + CAREFUL_LIMIT) for start in pieces)


def _set_aside(body: bytes) -> tuple[bytes, dict[str, Aside]]:
    """The document with a text in place of each long list, and the lists by these texts.

    Only what stands between quotation marks is looked at. Where that is within a text, what is
    left is no JSON.
    """
    parts: list[bytes] = []
    asides: dict[str, Aside] = {}
    copied = position = 0
    while position < len(body):
        if body.find(b'"', position, position + LONG) >= 0:
            position += LONG
            continue
        start = max(body.rfind(b'"', 0, position), copied)
        end = body.find(b'"', position + LONG)
        end = len(body) if end < 0 else end
        position = end + 1
        first = body.find(b"[", start, end)
        object_end = body.find(b"}", max(first, 0), end)
        last = body.rfind(b"]", start, end if object_end < 0 else object_end)
        if 0 <= first < last and body.find(b"{", first, last) < 0:
            token = f"{_TOKEN}{len(asides)}"
            parts += (body[copied:first], b'"%b"' % token.encode())
            asides[token] = Aside(body[first : last + 1])
            copied = last + 1
    return b"".join((*parts, body[copied:])), asides


def _put_back(value: Any, asides: dict[str, Aside]) -> Any:
    """The document with its lists where they were: at the top, in an object, in a list of few.

    ``asides``: loses those that were put back.
    """
    kind = type(value)
    if kind is str:
        return asides.pop(value, value)
    if kind is dict:
        return {name: _put_back(inner, asides) for name, inner in value.items()}
    if kind is list and 0 < len(value) <= FEW * FEW and type(value[0]) in (dict, str):
        return [_put_back(inner, asides) for inner in value]
    return value
