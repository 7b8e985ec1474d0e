"""Media types: the format of a request's body, and the format of its response."""

import codecs
import re
from collections.abc import Sequence
from enum import StrEnum

from modelwharf.serving.refusal import Refusal

NOT_ACCEPTABLE = 406
UNSUPPORTED_MEDIA_TYPE = 415
_WEIGHT = re.compile(r"0?\.[0-9]{1,3}|0\.?|1(?:\.0{0,3})?", re.ASCII)


class Format(StrEnum):
    """A format that the server reads and writes, with its main media type."""

    JSON = "application/json"
    JSON_LINES = "application/jsonlines"
    CSV = "text/csv"
    NPY = "application/x-npy"
    PARQUET = "application/x-parquet"


NAMES = {
    "application/json": Format.JSON,
    "application/jsonlines": Format.JSON_LINES,
    "application/x-ndjson": Format.JSON_LINES,
    "application/x-jsonlines": Format.JSON_LINES,
    "text/csv": Format.CSV,
    "application/x-npy": Format.NPY,
    "application/x-parquet": Format.PARQUET,
    "application/vnd.apache.parquet": Format.PARQUET,
}
"""All media types of all formats."""


def text_of(body: bytes) -> bytes:
    """Return a text without the byte order mark of UTF-8, which Windows programs write. Raises
    Refusal.
    """
    if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise Refusal("the body is UTF-16; send UTF-8")
    return body.removeprefix(codecs.BOM_UTF8)


def media_type(header: str) -> str:
    """Return a header's media type: ``text/csv`` for ``Text/CSV; header=present``."""
    return header.partition(";")[0].strip().lower()


def header_parameter(header: str, name: str) -> str:
    """Return a media type's parameter in lower case, or "" when it is missing."""
    for parameter in header.split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"').lower()
    return ""


def request_format(content_type: str, read: Sequence[Format]) -> Format:
    """Return the body's format, one of ``read``. Raises Refusal with 415."""
    found = NAMES.get(media_type(content_type))
    if found is None or found not in read:
        given = (
            f"Content-Type {content_type[:100]!r}"
            if content_type
            else "a body without Content-Type"
        )
        raise Refusal(
            f"{given} is not supported; use {', '.join(read)}", status=UNSUPPORTED_MEDIA_TYPE
        )
    return found


def answer_type(accept: str, asked: str, written: Sequence[Format]) -> tuple[Format, str]:
    """Return the response's format, one of ``written``, and the media type that the client uses for
    it.

    ``asked`` is the Content-Type. Without an Accept header, or with one that takes anything, the
    response has the request's format, or JSON where that cannot be written. Otherwise the greatest
    weight wins (RFC 9110, section 12.5.1), then the more exact range, then the first. Raises
    Refusal with 406.
    """
    like = _like(asked, written)
    if not accept.strip():
        return like
    weights = [_weighed(choice) for choice in accept.split(",") if choice.strip()]
    # A type may be excluded by name (q=0) although a wildcard allows it.
    shut = {name for name, weight in weights if weight == 0}
    best: tuple[float, int] = (0.0, 0)
    found: tuple[Format, str] | None = None
    for name, weight in weights:
        exactness = 2 - name.count("*")
        if not weight or (weight, exactness) <= best:
            continue
        chosen = _of_range(name, like, written, shut)
        if chosen is not None:
            best, found = (weight, exactness), chosen
    if found is None:
        raise Refusal(
            f"Accept {accept[:100]!r} is not supported; use {', '.join(written)}",
            status=NOT_ACCEPTABLE,
        )
    return found


def _like(asked: str, written: Sequence[Format]) -> tuple[Format, str]:
    name = media_type(asked)
    found = NAMES.get(name)
    if found is None or found not in written:
        return Format.JSON, Format.JSON.value
    return found, name


def _of_range(
    name: str, like: tuple[Format, str], written: Sequence[Format], shut: set[str]
) -> tuple[Format, str] | None:
    """Return the format that a media range selects: the request's own if possible, or the first."""
    if "*" not in name:
        exact = NAMES.get(name)
        return (exact, name) if exact is not None and exact in written else None
    if name != "*/*" and not name.endswith("/*"):
        return None
    kind = name.removesuffix("*").removeprefix("*/")
    choices = [like, *((one, one.value) for one in written)]
    return next(
        ((one, known) for one, known in choices if known.startswith(kind) and known not in shut),
        None,
    )


def _weighed(choice: str) -> tuple[str, float]:
    """Return a media range and its weight from 0 to 1. An invalid weight counts as 1.

    Java's HttpURLConnection writes ``*`` for ``*/*`` (``*; q=.2``).
    """
    weight = header_parameter(choice, "q")
    name = media_type(choice)
    return "*/*" if name == "*" else name, float(weight) if _WEIGHT.fullmatch(weight) else 1.0
