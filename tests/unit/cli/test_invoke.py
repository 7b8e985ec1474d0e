"""``wharf invoke``."""

from pathlib import Path

from tests.unit.cli.conftest import Terminal
from tests.unit.cli.fakes import refusal


def test_the_answer_is_printed_as_it_is(terminal: Terminal) -> None:
    result = terminal.wharf("invoke", '{"product": "wti"}')

    assert (result.exit_code, result.stdout) == (0, '{"forecast":47.1}\n')
    assert terminal.cloud.endpoint.requests == [
        {
            "EndpointName": "oil-price",
            "Body": b'{"product": "wti"}',
            "ContentType": "application/json",
            "Accept": "application/json",
        }
    ]


def test_an_argument_that_is_not_utf_8_is_sent_as_it_was_typed(terminal: Terminal) -> None:
    terminal.wharf("invoke", b'{"product": "caf\xe9"}'.decode(errors="surrogateescape"))

    assert terminal.cloud.endpoint.requests[0]["Body"] == b'{"product": "caf\xe9"}'


def test_a_file_is_sent_byte_for_byte(terminal: Terminal, tmp_path: Path) -> None:
    questions = tmp_path / "questions.csv"
    questions.write_bytes(b"wti,2019-01-15\r\n\xff")

    terminal.wharf("invoke", "--file", str(questions), "--content-type", "text/csv")

    (request,) = terminal.cloud.endpoint.requests
    assert (request["Body"], request["ContentType"]) == (b"wti,2019-01-15\r\n\xff", "text/csv")


def test_standard_input_can_be_the_body(terminal: Terminal) -> None:
    terminal.wharf("invoke", "--file", "-", stdin=b"[1]")

    assert terminal.cloud.endpoint.requests[0]["Body"] == b"[1]"


def test_a_body_and_a_file_are_one_too_many(terminal: Terminal) -> None:
    assert terminal.wharf("invoke").exit_code == 2
    assert terminal.wharf("invoke", "{}", "--file", "-").exit_code == 2


def test_json_tells_who_answered(terminal: Terminal) -> None:
    assert terminal.json("invoke", "{}") == {
        "status": 200,
        "content_type": "application/json",
        "variant": "champion",
        "body": '{"forecast":47.1}\n',
    }


def test_a_model_error_shows_the_containers_words(terminal: Terminal) -> None:
    terminal.cloud.endpoint.refusal = refusal(
        "ModelError",
        "Received client error (400) from model. See https://…",
        "InvokeEndpoint",
        OriginalStatusCode=400,
        OriginalMessage='{"error": "2019-01-13 is a Sunday"}',
    )

    result = terminal.wharf("invoke", "{}")

    assert result.exit_code == 1
    assert result.stderr == ('Error: the model answered 400: {"error": "2019-01-13 is a Sunday"}\n')


def test_a_model_error_is_json_for_a_program(terminal: Terminal) -> None:
    terminal.cloud.endpoint.refusal = refusal(
        "ModelError", "…", "InvokeEndpoint", OriginalStatusCode=400, OriginalMessage="a Sunday"
    )

    assert terminal.json("invoke", "{}", exit_code=1) == {
        "error": "the model answered 400: a Sunday",
        "status": 400,
        "body": "a Sunday",
    }


def test_no_endpoint_yet_says_what_makes_one(terminal: Terminal) -> None:
    terminal.cloud.endpoint.refusal = refusal(
        "ValidationError", "Endpoint oil-price of account 1 not found.", "InvokeEndpoint"
    )

    result = terminal.wharf("invoke", "{}")

    assert result.exit_code == 1
    assert "there is no endpoint oil-price yet" in result.stderr
