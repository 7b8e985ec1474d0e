"""JSON documents of any size: long lists of numbers are cut out and read piece by piece.

The GIL is held while a document is read. A body of 18 MB would hold it for more than a tenth of a
second, and block all other requests.
"""

import json
import math
import re
import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from modelwharf.serving.refusal import Refusal, shown
from modelwharf.serving.table.columns import CONTENT_TOO_LARGE, ROW_LIMIT, VALUE_LIMIT
from modelwharf.serving.table.numbers import BEYOND

LONG = 8 * 1024  # bytes without a quotation mark that are searched for a list
CHUNK = 256 * 1024  # bytes of objects read at once
CAREFUL_LIMIT = 1024 * 1024  # bytes that Python's own parser reads, if it must
WHOLE_LIMIT = 8 * CAREFUL_LIMIT  # orjson turns strings into objects of 23 times their size
WHITESPACE = b" \t\r\n"
FEW = 100  # elements of a list that are searched for strings
# Replaces a list in a document; no client can guess it.
_TOKEN = secrets.token_hex(16)

_WS = rb"[ \t\r\n]*"
_LIST_OF_OBJECTS = re.compile(rb'%b(?:\{%b("[^"\\]{1,40}")%b:%b)?\[%b(?=\{)' % ((_WS,) * 5))
_BETWEEN_OBJECTS = re.compile(rb"\}%b,%b(?=\{)" % (_WS, _WS))


class InvalidJson(Refusal):
    """The text is not JSON."""


class Aside:
    """The text of a long list, including its brackets. It may turn out not to be JSON.

    ``is_read``: whether ``take`` was called to read it.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.is_read = False

    def __repr__(self) -> str:
        return "[…]"

    def take(self) -> bytes:
        """Return the text. The caller must read all of it."""
        self.is_read = True
        return self.text


class Document(NamedTuple):
    """A parsed document. ``asides``: all long lists in ``value``; those not used must be read
    too.
    """

    value: Any
    asides: Sequence[Aside] = ()


def read(body: bytes) -> Document:
    """Parse a body. A long list without strings and objects becomes an Aside.

    NaN, Infinity and -Infinity are accepted, because Python's clients write them. Raises Refusal:
    413 for more values than one request may have; 400 for text that is not JSON, for a duplicate
    key in an object, and for a number beyond float64.
    """
    if len(body) < LONG:
        return Document(load(body))
    body = body.strip(WHITESPACE)
    if len(body) > ROW_LIMIT:  # a list has at least one byte, and so has a value
        _check_marks(body)
    text, asides = _set_aside(body)
    if not asides:
        return Document(_in_pieces(body))
    left = dict(asides)
    try:
        value = _put_back(load(text), left)
    except InvalidJson:
        if len(body) > WHOLE_LIMIT:
            raise
        left = asides
    # A list that was cut out may have been part of a string, or in place of a key.
    return Document(load(body)) if left else Document(value, tuple(asides.values()))


def _in_pieces(body: bytes) -> Any:
    """Parse a document; a list of objects is read piece by piece."""
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
    except InvalidJson:
        return load(body)  # reports the fault, or accepts another valid form


def load(text: bytes) -> Any:
    """Parse a document at once. Raises Refusal as ``read`` does.

    In a long document, NaN and Infinity are refused, and the name of a duplicate key is not
    reported: Python's own parser would hold the GIL for too long.
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
            raise InvalidJson(f"the body is not JSON: {error}") from None
        return _load_carefully(text)
    # orjson keeps the last of equal keys. No key was duplicate if the document has as many strings
    # as the text.
    if 2 * _texts(document) == text.count(b'"'):
        return document
    if len(text) <= CAREFUL_LIMIT:
        return _load_carefully(text)
    escaped = text.replace(b"\\\\", b"").count(b'\\"')
    if 2 * _all_texts(document) != text.count(b'"') - escaped:
        raise Refusal("a key stands twice in one object")
    return document


def load_lines(lines: list[bytes], first: int) -> list[Any]:
    """Parse one document per line, counted from ``first``. Raises Refusal as ``read`` does."""
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
    """Count the keys and strings in a value; too few for values that the callers refuse anyway."""
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
    """Count the keys and strings in any value."""
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
            text.decode(),
            object_pairs_hook=_unique,
            parse_float=_finite,
            parse_int=_integer,
        )
    except UnicodeDecodeError as error:
        raise Refusal(f"the body is not UTF-8: byte {error.start + 1} belongs to nothing") from None
    except RecursionError:
        raise Refusal("the body is nested too deeply") from None
    except ValueError as error:
        raise InvalidJson(f"the body is not JSON: {error}") from None


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
    """Return an int, or the nearest float64 for more digits than Python converts."""
    return int(text) if len(text) < 300 else _finite(text)


def _check_marks(body: bytes) -> None:
    """Refuse too many values before memory is allocated: 25 MiB of ``[0,0,…`` took 20 times
    that.
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
    """Count a mark in pieces and release the GIL between them: 18 MB of commas hold it for 20
    ms.
    """
    pieces = range(0, len(body), CAREFUL_LIMIT)
    return sum(body.count(mark, start, start + CAREFUL_LIMIT) for start in pieces)


def _set_aside(body: bytes) -> tuple[bytes, dict[str, Aside]]:
    """Replace each long list with a string. Returns the document, and the lists by these strings.

    Only text between quotation marks is searched. If that text is inside a string, the rest is not
    JSON.
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
    """Put the lists back: at the top, in an object, in a list of few elements.

    Removes from ``asides`` the lists that were put back.
    """
    kind = type(value)
    if kind is str:
        return asides.pop(value, value)
    if kind is dict:
        return {name: _put_back(inner, asides) for name, inner in value.items()}
    if kind is list and 0 < len(value) <= FEW * FEW and type(value[0]) in (dict, str):
        return [_put_back(inner, asides) for inner in value]
    return value
