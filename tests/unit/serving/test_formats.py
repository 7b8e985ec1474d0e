import pytest

from modelwharf.serving.formats import (
    Format,
    answer_type,
    header_parameter,
    request_format,
    text_of,
)
from modelwharf.serving.refusal import Refusal

ALL = tuple(Format)


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("application/json", Format.JSON),
        ("Application/JSON; charset=utf-8", Format.JSON),
        ("application/x-ndjson", Format.JSON_LINES),
        ("application/x-jsonlines", Format.JSON_LINES),
        ("text/csv;header=present", Format.CSV),
        ("application/x-npy", Format.NPY),
        ("application/vnd.apache.parquet", Format.PARQUET),
    ],
)
def test_content_types(header: str, asked: Format) -> None:
    assert request_format(header, ALL) is asked


@pytest.mark.parametrize("header", ["", "text/plain", "application/x-npy", "*/*", "a" * 9000])
def test_another_content_type_is_refused_with_those_that_are_read(header: str) -> None:
    with pytest.raises(Refusal, match=r"application/json, text/csv$") as caught:
        request_format(header, (Format.JSON, Format.CSV))
    assert caught.value.status == 415
    assert len(caught.value.reason) < 250


@pytest.mark.parametrize(
    ("accept", "written"),
    [
        ("", "text/csv"),
        ("  ", "text/csv"),
        ("*/*", "text/csv"),
        ("text/*", "text/csv"),
        ("application/*", "application/json"),
        ("application/json", "application/json"),
        ("image/png, application/jsonlines;q=0.5", "application/jsonlines"),
        ("application/json;q=0.1, text/csv;q=0.9", "text/csv"),
        ("application/json;q=0.9, text/csv;q=0.1", "application/json"),
        ("application/json, text/csv", "application/json"),
        ("*/*, application/json", "application/json"),
        ("*/*;q=0.5, application/x-npy;q=0.4", "text/csv"),
        ("text/csv;q=0, */*", "application/json"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("APPLICATION/JSON ; Q=1.0", "application/json"),
        ("application/json;q=high", "application/json"),
        ("application/json;charset=utf-8;q=0.2, text/csv;q=0.1", "application/json"),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", "text/csv"),
        (",,text/csv", "text/csv"),
        ("*", "text/csv"),
        ("*;q=0.5, application/json;q=0.4", "text/csv"),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "text/csv"),
        ("application/json; q=.2, text/csv; q=.1", "application/json"),
    ],
)
def test_the_answer_is_what_the_client_likes_best(accept: str, written: str) -> None:
    assert answer_type(accept, "text/csv; header=absent", ALL)[1] == written


@pytest.mark.parametrize(
    "accept", ["image/png", "application/json;q=0", "*;q=0", "*/json", "text/", ";"]
)
def test_what_is_not_written_is_refused_with_what_is(accept: str) -> None:
    with pytest.raises(Refusal, match=r"use application/json, application/jsonlines") as caught:
        answer_type(accept, "text/csv", (Format.JSON, Format.JSON_LINES))
    assert caught.value.status == 406


def test_where_the_questions_format_is_not_written_the_answer_is_json() -> None:
    for accept in ("", "*/*"):
        assert answer_type(accept, "application/x-npy", (Format.JSON, Format.CSV)) == (
            Format.JSON,
            "application/json",
        )


def test_parameters_of_a_media_type() -> None:
    assert header_parameter('text/csv; Header="Present"', "header") == "present"
    assert header_parameter("text/csv", "header") == ""


def test_a_text_is_read_without_its_byte_order_mark_and_utf_16_is_refused() -> None:
    assert text_of(b"\xef\xbb\xbf1") == text_of(b"1") == b"1"
    with pytest.raises(Refusal, match="the body is UTF-16; send UTF-8"):
        text_of("1".encode("utf-16"))
