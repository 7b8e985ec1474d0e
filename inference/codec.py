"""Bytes to requests, forecasts to bytes: JSON, JSON lines and CSV."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import FailFast, TypeAdapter, ValidationError

from modelwharf.artifact.forecast import Forecast, ForecastRequest
from modelwharf.serving.formats import Format, text_of
from modelwharf.serving.refusal import Refusal, shown

ROW_LIMIT = 10_000  # requests in one body: a tenth of a second of work
CONTENT_TOO_LARGE = 413
WHITESPACE = b" \t\r\n"  # JSON's

_MANY = TypeAdapter(Annotated[list[ForecastRequest], FailFast()])
_ALLOWED = tuple(ForecastRequest.model_fields)
_REQUIRED = ("product", "date")
# Twice the need of ROW_LIMIT requests, which leaves room for blank lines and a header.
_MARKS = (
    (b"{", "objects", 2 * ROW_LIMIT),
    (b",", "commas", 2 * ROW_LIMIT * len(_ALLOWED)),
    (b"\n", "lines", 2 * ROW_LIMIT),
    (b"\r", "lines", 2 * ROW_LIMIT),
)


FORMATS = (Format.JSON, Format.JSON_LINES, Format.CSV)


@dataclass(frozen=True)
class Questions:
    """The requests of one body. ``single``: one JSON object, answered with one object."""

    requests: list[ForecastRequest]
    single: bool = False


def decode(body: bytes, asked: Format) -> Questions:
    """Read the requests of a body in one of FORMATS.

    Raises Refusal, naming the request that is wrong.
    """
    body = text_of(body)
    _check_marks(body)
    match asked:
        case Format.JSON:
            questions = _decode_json(body)
        case Format.JSON_LINES:
            questions = Questions(_validate_lines(body))
        case _:
            questions = Questions(_validate_rows(_csv_rows(body)))
    if not questions.requests:
        raise Refusal("the body holds no request")
    if len(questions.requests) > ROW_LIMIT:
        raise Refusal(
            f"{len(questions.requests)} requests in one body; at most {ROW_LIMIT} are answered",
            status=CONTENT_TOO_LARGE,
        )
    return questions


def encode(answers: Sequence[Forecast], wanted: Format, *, single: bool) -> bytes:
    """Write the answers; ``single`` writes one JSON object."""
    match wanted:
        case Format.JSON:
            texts = [answer.model_dump_json() for answer in answers]
            return (texts[0] if single else f"[{','.join(texts)}]").encode()
        case Format.JSON_LINES:
            return "".join(f"{answer.model_dump_json()}\n" for answer in answers).encode()
        case _:
            return _encode_csv(answers)


def _check_marks(body: bytes) -> None:
    """Refuse a body with more values than its requests can have, before parsing it: 25 MiB of
    ``[0,0,…`` took 20 GiB and two minutes. Raises Refusal with 413.
    """
    for mark, name, limit in _MARKS:
        found = body.count(mark)
        if found > limit:
            raise Refusal(
                f"{found} {name} in one body; at most {ROW_LIMIT} requests are answered, and "
                f"{limit} {name} are enough for them",
                status=CONTENT_TOO_LARGE,
            )


def _decode_json(body: bytes) -> Questions:
    if body.lstrip(WHITESPACE)[:1] == b"[":
        requests = _validate_many(body)
        _check_keys([body], requests)
        return Questions(requests)
    try:
        requests = [ForecastRequest.model_validate_json(body, strict=True)]
    except ValidationError as error:
        raise _refusal(error, "") from None
    _check_keys([body], requests)
    return Questions(requests, single=True)


def _validate_many(body: bytes) -> list[ForecastRequest]:
    try:
        return _MANY.validate_json(body, strict=True)
    except ValidationError as error:
        raise _refusal(error, "request ") from None


def _validate_lines(body: bytes) -> list[ForecastRequest]:
    lines = [line for line in body.split(b"\n") if line.strip(WHITESPACE)]
    requests = []
    for number, line in enumerate(lines, 1):
        try:
            requests.append(ForecastRequest.model_validate_json(line, strict=True))
        except ValidationError as error:
            raise _refusal(error, f"request {number}: ") from None
    _check_keys(lines, requests)
    return requests


def _check_keys(documents: Sequence[bytes], requests: Sequence[ForecastRequest]) -> None:
    """Refuse a duplicate key in one object: pydantic would use the last one.

    Each key has two quotation marks, and so has each value except null. If there are more, one may
    be part of a string, and only a slower parser can tell.
    """
    expected = sum(4 * len(one.model_fields_set) for one in requests)
    expected -= 2 * sum("as_of" in one.model_fields_set and not one.as_of for one in requests)
    if sum(document.count(b'"') for document in documents) != expected:
        for document in documents:
            json.loads(document, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, object]]) -> None:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise Refusal(f"the key {name!r} stands twice in one object")


def _csv_rows(body: bytes) -> list[dict[str, str]]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Refusal("the CSV body is not UTF-8") from None
    try:
        rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    except csv.Error as error:
        raise Refusal(f"the body is not CSV: {error}") from None
    if not rows:
        raise Refusal("the CSV body is empty; its first line is product,date[,as_of]")
    header = [name.strip(" \t") for name in rows[0]]
    _check_header(header)
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise Refusal(f"request {number}: {len(row)} columns, but the header has {len(header)}")
    return [dict(zip(header, (cell.strip(" \t") for cell in row), strict=True)) for row in rows[1:]]


def _check_header(header: list[str]) -> None:
    right = set(_REQUIRED) <= set(header) <= set(_ALLOWED) and len(set(header)) == len(header)
    if not right:
        raise Refusal(
            f"the CSV body's first line is {','.join(header)[:100]!r}; it must name the columns "
            "product,date[,as_of]"
        )


def _validate_rows(rows: list[dict[str, str]]) -> list[ForecastRequest]:
    """An empty ``as_of`` means none, as an empty cell does."""
    given = [{name: cell for name, cell in row.items() if cell or name != "as_of"} for row in rows]
    return _validate_many(json.dumps(given).encode())


def _encode_csv(answers: Sequence[Forecast]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Forecast.model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(answer.model_dump(mode="json") for answer in answers)
    return text.getvalue().encode()


def _refusal(error: ValidationError, prefix: str) -> Refusal:
    """The first finding in plain words. List positions count from 1."""
    finding = error.errors()[0]
    if finding["type"] == "json_invalid":
        return Refusal(f"{prefix if prefix.endswith(': ') else ''}{finding['msg']}")
    place = list(finding["loc"])
    if place and isinstance(place[0], int):
        prefix = f"{prefix}{place[0] + 1}: "
        place = place[1:]
    elif not prefix.endswith(": "):
        prefix = ""
    name = str(place[0]) if place else "a request"
    given = shown(finding["input"])
    match finding["type"]:
        case "extra_forbidden":
            reason = f"unknown field {shown(name)}; known fields: {', '.join(_ALLOWED)}"
        case "missing":
            reason = f"field {name!r} is missing"
        case "model_type":
            reason = f"a request is a JSON object with product and date, not {given}"
        case _:
            message = finding["msg"]
            reason = f"{name} is {given}, but {message[0].lower()}{message[1:]}"
    return Refusal(prefix + reason)
