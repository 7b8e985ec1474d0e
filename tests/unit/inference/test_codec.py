import json
from datetime import date

import pytest

from inference.codec import (
    FORMATS,
    ROW_LIMIT,
    decode,
    encode,
)
from modelwharf.artifact.forecast import Forecast, ForecastRequest
from modelwharf.serving.formats import Format
from modelwharf.serving.refusal import Refusal

WTI = ForecastRequest(product="wti", date=date(2019, 1, 15))
DATED = ForecastRequest(product="brent", date=date(2019, 1, 16), as_of=date(2019, 1, 2))
ANSWER = Forecast(
    product="wti",
    date=date(2019, 1, 15),
    as_of=date(2019, 1, 3),
    horizon=8,
    forecast=47.1,
    low=40.25,
    high=53.0,
    level=0.8,
)
FIELDS = '{"product":"wti","date":"2019-01-15","as_of":"2019-01-03","horizon":8,'
TEXT = FIELDS + '"forecast":47.1,"low":40.25,"high":53.0,"level":0.8}'


def refused(body: bytes, asked: Format) -> Refusal:
    with pytest.raises(Refusal) as caught:
        decode(body, asked)
    return caught.value


def test_an_object_is_one_request() -> None:
    found = decode(b' {"product":"wti","date":"2019-01-15"}', Format.JSON)
    assert (found.requests, found.single) == ([WTI], True)


@pytest.mark.parametrize("asked", [Format.JSON, Format.JSON_LINES])
def test_a_byte_order_mark_belongs_to_no_request(asked: Format) -> None:
    body = b'\xef\xbb\xbf{"product":"wti","date":"2019-01-15"}'
    assert decode(body, asked).requests == [WTI]


@pytest.mark.parametrize("asked", [Format.JSON, Format.JSON_LINES, Format.CSV])
def test_utf_16_is_refused_by_its_name(asked: Format) -> None:
    refusal = refused('{"product":"wti"}'.encode("utf-16"), asked)
    assert refusal.reason == "the body is UTF-16; send UTF-8"


def test_an_array_is_several_requests() -> None:
    body = b'[{"product":"wti","date":"2019-01-15"},' + DATED.model_dump_json().encode() + b"]"
    found = decode(body, Format.JSON)
    assert (found.requests, found.single) == ([WTI, DATED], False)


def test_each_line_is_a_request() -> None:
    body = b'{"product":"wti","date":"2019-01-15"}\r\n\n' + DATED.model_dump_json().encode()
    assert decode(body, Format.JSON_LINES).requests == [WTI, DATED]


@pytest.mark.parametrize(
    "body",
    [
        "product,date,as_of\nwti,2019-01-15,\nbrent,2019-01-16,2019-01-02\n",
        "as_of,product,date\r\n,wti,2019-01-15\r\n2019-01-02,brent,2019-01-16",
        '\ufeff"product", "date" ,as_of\n wti , 2019-01-15 ,\n\nbrent,2019-01-16,2019-01-02\n',
    ],
)
def test_each_row_of_csv_is_a_request(body: str) -> None:
    body = body.replace('"product", "date" ', '"product",date')
    assert decode(body.encode(), Format.CSV).requests == [WTI, DATED]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b'{"product":"\xff","date":"2019-01-15"}', "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON"),
        (b"[]", "the body holds no request"),
        (b"3", "a request is a JSON object with product and date, not 3"),
        (b'[{"product":"wti","date":"2019-01-15"},null]', "request 2: a request is a JSON object"),
        (b'{"product":"wti"}', "field 'date' is missing"),
        (b'[{"date":"2019-01-15"}]', "request 1: field 'product' is missing"),
        (
            b'{"product":"wti","date":"2019-01-15","horizon":3}',
            "unknown field 'horizon'; known fields: product, date, as_of",
        ),
        (b'{"product":7,"date":"2019-01-15"}', "product is 7, but input should be a valid string"),
        (b'{"product":"wti","date":1547510400}', "date is 1547510400, but"),
        (b'{"product":"wti","date":"15.01.2019"}', "date is '15.01.2019', but"),
        (b'{"product":"wti","date":"2019-01-15T00:00:00"}', "date is '2019-01-15T00:00:00', but"),
        (b'{"product":"wti","date":"2019-02-30"}', "date is '2019-02-30', but"),
        (
            b'{"product":"wti","date":"2019-01-15","product":"brent"}',
            "the key 'product' stands twice in one object",
        ),
        (
            b'[{"product":"wti","date":"2019-01-15"},'
            b'{"product":"wti","as_of":null,"date":"2019-01-15","as_of":null}]',
            "the key 'as_of' stands twice in one object",
        ),
    ],
)
def test_json_that_is_not_a_request_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    refusal = refused(body, Format.JSON)
    assert refusal.status == 400
    assert refusal.reason.startswith(reason)


@pytest.mark.parametrize("body", [DATED.model_dump_json(), '{"date":"2019-01-15","product":"\\""}'])
def test_what_looks_like_a_key_more_is_none(body: str) -> None:
    assert len(decode(f"[{body},{body}]".encode(), Format.JSON).requests) == 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"product":"wti","date":"2019-01-15"}\r{"product":"wti","date":"2019-01-15"}',
        b'\x0c\n{"product":"wti","date":"2019-01-15"}',
        b'{"product":"wti","date":"2019-01-15","date":"2019-01-15"}\n',
    ],
)
def test_a_line_is_json_to_its_last_byte(body: bytes) -> None:
    assert refused(body, Format.JSON_LINES).status == 400


@pytest.mark.parametrize("body", [b'["%b"]', b'{"%b":1}', b'{"product":"wti","date":"%b"}'])
def test_what_is_wrong_is_reported_briefly(body: bytes) -> None:
    assert len(refused(body % (b"x" * 100_000), Format.JSON).reason) < 500


def test_a_broken_line_is_counted() -> None:
    refusal = refused(b'{"product":"wti","date":"2019-01-15"}\n{"product"', Format.JSON_LINES)
    assert refusal.reason.startswith("request 2: Invalid JSON")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the CSV body is empty"),
        (b"product,date\n", "the body holds no request"),
        (b"wti,2019-01-15\n", "the CSV body's first line is 'wti,2019-01-15'; it must name"),
        (b"product,date,price\n", "the CSV body's first line is"),
        (b"product,date,date\n", "the CSV body's first line is"),
        (b"product,date\nwti\n", "request 1: 1 columns, but the header has 2"),
        (b"product,date\nwti,2019-01-15\nwti,soon\n", "request 2: date is 'soon', but"),
        (b"product,date\nwti,\n", "request 1: date is '', but"),
        (b"product,date\n\xff,2019-01-15\n", "the CSV body is not UTF-8"),
        (b"product,date\nwti,2019-01-15\x0b\n", "request 1: date is '2019-01-15\\x0b', but"),
        (b'product,date\n"wti,2019-01-15\n', "the body is not CSV"),
    ],
)
def test_csv_that_is_not_a_request_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    refusal = refused(body, Format.CSV)
    assert refusal.status == 400
    assert refusal.reason.startswith(reason)


@pytest.mark.parametrize("asked", FORMATS)
def test_too_many_requests_are_refused(asked: Format) -> None:
    row = '{"product":"wti","date":"2019-01-15"}'
    body = {
        Format.JSON: "[" + ",".join([row] * (ROW_LIMIT + 1)) + "]",
        Format.JSON_LINES: "\n".join([row] * (ROW_LIMIT + 1)),
        Format.CSV: "product,date\n" + "wti,2019-01-15\n" * (ROW_LIMIT + 1),
    }[asked]
    refusal = refused(body.encode(), asked)
    assert (refusal.status, refusal.reason) == (
        413,
        "10001 requests in one body; at most 10000 are answered",
    )


def test_one_answer_to_one_object() -> None:
    assert encode([ANSWER], Format.JSON, single=True).decode() == TEXT


def test_answers_in_each_format() -> None:
    assert encode([ANSWER], Format.JSON, single=False).decode() == f"[{TEXT}]"
    assert encode([ANSWER] * 2, Format.JSON_LINES, single=False).decode() == f"{TEXT}\n{TEXT}\n"
    assert encode([ANSWER], Format.CSV, single=False).decode() == (
        "product,date,as_of,horizon,forecast,low,high,level\n"
        "wti,2019-01-15,2019-01-03,8,47.1,40.25,53.0,0.8\n"
    )


def test_no_digit_is_lost_on_the_way() -> None:
    exact = ANSWER.model_copy(update={"forecast": 80.20955538796984})
    found = json.loads(encode([exact], Format.JSON, single=True))
    assert found["forecast"] == 80.20955538796984


@pytest.mark.parametrize(
    ("body", "asked", "named"),
    [
        (b"[" + b"{}," * 40_000 + b"{}]", Format.JSON, "40001 objects in one body"),
        (b"[" + b"0," * 200_000 + b"0]", Format.JSON, "200000 commas in one body"),
        (b"{}\n" * 40_000, Format.JSON_LINES, "40000 objects in one body"),
        (b"\r" * 40_000, Format.JSON_LINES, "40000 lines in one body"),
        (b"product,date\n" + b"x\n" * 40_000, Format.CSV, "40001 lines in one body"),
    ],
)
def test_a_body_of_too_many_values_is_refused_before_it_is_read(
    body: bytes, asked: Format, named: str
) -> None:
    refusal = refused(body, asked)
    assert (refusal.status, named in refusal.reason) == (413, True)
