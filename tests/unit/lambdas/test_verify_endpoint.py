import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from lambdas.errors import VerificationFailed
from lambdas.handlers.verify_endpoint import BATCH, spread, verify_endpoint
from modelwharf.contracts.parameters import Deployment
from modelwharf.contracts.probe import Probe
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.fakes import client_error
from tests.unit.lambdas.releases import COMMIT, CONFIG, document, plan
from tests.unit.lambdas.tarballs import put_output


def row(number: int) -> dict[str, Any]:
    return {
        "request": {"product": "wti", "day": number},
        "prediction": {"product": "wti", "forecast": 50.0 + number},
    }


def put_holdout(world: World, rows: list[dict[str, Any]]) -> None:
    put_output(world, {"holdout.jsonl": "\n".join(json.dumps(one) for one in rows).encode()})


def model(body: str, *, off: float = 0.0, product: str = "wti") -> str:
    """The endpoint: answers each request of the array as the trained model did."""
    return json.dumps(
        [
            {"product": product, "forecast": 50.0 + one["day"] + off, "level": 0.9}
            for one in json.loads(body)
        ]
    )


@pytest.fixture
def serving(world: World) -> World:
    world.sagemaker.serve("oil-price", CONFIG)
    world.sagemaker_runtime.answer = model
    return world


def verify(world: World, **deployment: Any) -> Any:
    doc = document(upto="Deploy", plan=plan(deployment=Deployment(**deployment)))
    return verify_endpoint(world.runtime, doc).verification


def refusal(world: World, **deployment: Any) -> str:
    with pytest.raises(VerificationFailed) as caught:
        verify(world, **deployment)
    return str(caught.value)


def test_equal_answers_verify_the_model(serving: World) -> None:
    put_holdout(serving, [row(n) for n in range(3)])
    assert verify(serving).model_dump() == {
        "requests": 3,
        "largest_difference": 0.0,
        "tolerance": 1e-6,
        "relative_tolerance": 1e-9,
        "checked": "holdout",
    }


def test_a_difference_within_the_tolerance_is_reported(serving: World) -> None:
    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = lambda body: model(body, off=0.25)
    assert verify(serving, verify_tolerance=0.5).largest_difference == 0.25


def test_a_difference_beyond_the_tolerance_fails_and_is_reported(serving: World) -> None:
    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = lambda body: model(body, off=0.25)
    words = refusal(serving)
    assert 'asked {"product": "wti", "day": 0}' in words
    assert "forecast is 50.25, not 50.0 (difference 0.25, tolerance 1.05e-06)" in words


def test_a_relative_tolerance_comes_on_top(serving: World) -> None:
    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = lambda body: model(body, off=0.25)
    allowed = verify(serving, verify_tolerance=0.0, verify_relative_tolerance=0.005)
    assert allowed.largest_difference == 0.25
    words = refusal(serving, verify_tolerance=0.0, verify_relative_tolerance=0.004)
    assert "tolerance 0.2)" in words


def test_rows_of_a_table_are_asked_and_answered_in_the_common_form(serving: World) -> None:
    put_holdout(serving, [{"request": [1.0, None], "prediction": 2.5}] * 2)
    serving.sagemaker_runtime.answer = lambda body: json.dumps(
        {"predictions": [2.5] * len(json.loads(body))}
    )
    assert verify(serving).requests == 2
    assert [json.loads(body) for body in serving.sagemaker_runtime.bodies] == [[[1.0, None]] * 2]
    serving.sagemaker_runtime.answer = lambda body: json.dumps({"predictions": [2.5, 2.6]})
    assert "asked [1.0, null], the endpoint answers differently" in refusal(serving)


def test_a_missing_number_is_null_however_python_wrote_it(serving: World) -> None:
    nan = float("nan")
    put_holdout(serving, [{"request": {"age": nan}, "prediction": [nan, 1.0]}])
    serving.sagemaker_runtime.answer = lambda body: "[[NaN, 1.0]]"
    assert verify(serving).requests == 1
    assert [json.loads(body) for body in serving.sagemaker_runtime.bodies] == [[{"age": None}]]
    serving.sagemaker_runtime.answer = lambda body: "[[Infinity, 1.0]]"
    assert "[0] is inf, not None" in refusal(serving)


def test_an_infinity_in_the_holdout_is_refused_by_its_line(serving: World) -> None:
    row_of_one = {"request": [1.0], "prediction": 1.0}
    put_holdout(serving, [row_of_one, {"request": [float("inf")], "prediction": 1.0}])
    words = refusal(serving)
    assert "line 2 of holdout.jsonl" in words and "holds an infinity" in words


def test_words_must_be_equal(serving: World) -> None:
    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = lambda body: model(body, product="brent")
    assert "product is 'brent', not 'wti'" in refusal(serving)


def test_rows_are_asked_in_batches_of_one_json_array(serving: World) -> None:
    put_holdout(serving, [row(n) for n in range(BATCH + 3)])
    assert verify(serving, verify_rows=1000).requests == BATCH + 3
    assert [len(json.loads(body)) for body in serving.sagemaker_runtime.bodies] == [BATCH, 3]


def test_the_rows_asked_are_spread_over_the_holdout() -> None:
    rows: Any = list(range(100))
    assert spread(rows, 4) == [rows[0], rows[25], rows[50], rows[75]]
    assert spread(rows, 200) == rows


def test_an_answer_of_another_length_fails(serving: World) -> None:
    put_holdout(serving, [row(0), row(1)])
    serving.sagemaker_runtime.answer = lambda body: "[{}]"
    assert "was asked 2 requests" in refusal(serving)


def test_an_answer_that_is_not_json_fails(serving: World) -> None:
    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = lambda body: "<html>"
    assert "is not JSON: '<html>'" in refusal(serving)


def test_the_container_s_own_words_are_reported(serving: World) -> None:
    def refuse(body: str) -> str:
        raise client_error(
            "ModelError",
            "Received client error (400)",
            status=424,
            OriginalStatusCode=400,
            OriginalMessage="unknown product 'wti'",
        )

    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = refuse
    assert "answered 400: unknown product 'wti'" in refusal(serving)


def test_a_container_that_does_not_answer_in_sagemakers_time_is_reported(serving: World) -> None:
    def refuse(body: str) -> str:
        raise client_error(
            "ModelError",
            "Received server error (0)",
            status=424,
            OriginalStatusCode=0,
            OriginalMessage="Your invocation timed out.",
        )

    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = refuse
    assert "gave no answer within 60 s: Your invocation timed out. Its log" in refusal(serving)
    assert len(serving.sagemaker_runtime.bodies) == 1


SILENCES = [
    client_error("ServiceUnavailable", "no worker", status=503),
    client_error("ModelNotReadyException", "not ready", status=429),
    client_error("InternalFailure", "of the service", status=500),
    client_error("InternalDependencyException", "of the service", status=530),
]


@pytest.mark.parametrize("error", SILENCES, ids=lambda error: error.response["Error"]["Code"])
def test_a_model_that_gives_no_answer_fails_within_ten_seconds(
    serving: World, error: Exception
) -> None:
    def refuse(body: str) -> str:
        raise error

    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = refuse
    words = refusal(serving)
    assert "gave no answer in 4 tries" in words and str(error) in words
    assert "aws logs filter-log-events --log-group-name /aws/sagemaker/Endpoints/oil" in words
    assert sum(serving.slept) <= 10


@pytest.mark.parametrize("error", [*SILENCES, EndpointConnectionError(endpoint_url="https://x")])
def test_a_model_that_answers_when_asked_again_is_verified(
    serving: World, error: Exception
) -> None:
    def once(body: str) -> str:
        if len(serving.sagemaker_runtime.bodies) == 1:
            raise error
        return model(body)

    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = once
    assert verify(serving).requests == 1


def test_a_model_that_takes_too_long_is_not_asked_again(serving: World) -> None:
    def hang(body: str) -> str:
        raise ReadTimeoutError(endpoint_url="https://runtime")

    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = hang
    assert "gave no answer in time" in refusal(serving)
    assert len(serving.sagemaker_runtime.bodies) == 1


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException", status=400),
        EndpointConnectionError(endpoint_url="https://runtime"),
    ],
)
def test_what_says_nothing_of_the_model_is_left_to_the_state_machine(
    serving: World, error: Exception
) -> None:
    def refuse(body: str) -> str:
        raise error

    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = refuse
    with pytest.raises(type(error)):
        verify(serving)


def test_a_permission_that_is_lacking_is_not_asked_for_again(serving: World) -> None:
    def refuse(body: str) -> str:
        raise client_error("AccessDeniedException", "sagemaker:InvokeEndpoint", status=403)

    put_holdout(serving, [row(0)])
    serving.sagemaker_runtime.answer = refuse
    with pytest.raises(ClientError, match="InvokeEndpoint"):
        verify(serving)
    assert serving.slept == []


def test_a_holdout_line_that_is_none_is_named(serving: World) -> None:
    put_output(serving, {"holdout.jsonl": b'{"request": {}, "prediction": {}}\n\n{"x": 1}'})
    assert "line 3 of holdout.jsonl" in refusal(serving)


def test_an_endpoint_that_serves_another_configuration_is_not_asked(serving: World) -> None:
    serving.sagemaker.serve("oil-price", "another")
    put_holdout(serving, [row(0)])
    assert "is InService with configuration 'another'" in refusal(serving)
    assert serving.sagemaker_runtime.bodies == []


def test_an_endpoint_that_is_gone_fails(serving: World) -> None:
    serving.sagemaker.endpoints.clear()
    assert refusal(serving) == "there is no endpoint 'oil-price'"


PROBE = Probe(content_type="text/csv", body="1,2", expected_body="3.5")


def test_without_a_holdout_the_probe_is_sent(serving: World) -> None:
    put_output(serving, {"other": b""})
    serving.sagemaker_runtime.answer = lambda body: "3.5\n"
    verification = verify(serving, probe=PROBE)
    assert (verification.checked, verification.requests) == ("probe", 1)
    assert serving.sagemaker_runtime.bodies == ["1,2"]


def test_a_probe_is_of_its_own_type_and_takes_any_answer_unless_told_otherwise(
    serving: World,
) -> None:
    serving.sagemaker_runtime.answer = lambda body: "3.5"
    put_output(serving, {})
    verify(serving, probe=PROBE)
    verify(serving, probe=PROBE.model_copy(update={"accept": "text/plain"}))
    sent = [(call["ContentType"], call["Accept"]) for call in serving.sagemaker_runtime.calls]
    assert sent == [("text/csv", "*/*"), ("text/csv", "text/plain")]


def sent_body(serving: World, probe: Probe) -> bytes:
    put_output(serving, {})
    serving.sagemaker_runtime.answer = lambda body: "cat"
    verify(serving, probe=probe)
    body: bytes = serving.sagemaker_runtime.calls[-1]["Body"]
    return body


IMAGE = b"\xff\xd8\xff\xe0 no text"


def test_a_probe_in_base64_is_sent_as_its_bytes(serving: World) -> None:
    probe = Probe(content_type="image/jpeg", body_base64=base64.b64encode(IMAGE).decode())
    assert sent_body(serving, probe) == IMAGE


def test_a_probe_in_a_file_is_sent_as_the_release_s_commit_has_it(serving: World) -> None:
    serving.codecommit.commits[COMMIT] = {"probes/cat.jpg": "1"}
    serving.codecommit.contents["probes/cat.jpg"] = IMAGE
    probe = Probe(content_type="image/jpeg", body_file="probes/cat.jpg")
    assert sent_body(serving, probe) == IMAGE


def test_an_answer_in_bytes_that_are_not_text_is_an_answer(serving: World) -> None:
    put_output(serving, {})
    serving.sagemaker_runtime.answer = lambda body: b"\x93NUMPY\xff"
    assert verify(serving, probe=Probe(body="{}")).checked == "probe"


def test_a_probe_answered_otherwise_fails_with_both(serving: World) -> None:
    put_output(serving, {})
    serving.sagemaker_runtime.answer = lambda body: "4"
    assert refusal(serving, probe=PROBE) == "the probe was answered '4', not '3.5'"


def test_a_probe_without_an_expected_body_needs_an_answer_only(serving: World) -> None:
    put_output(serving, {})
    serving.sagemaker_runtime.answer = lambda body: "anything"
    assert verify(serving, probe=Probe(body="{}")).checked == "probe"


def test_nothing_to_ask_is_not_a_verification(serving: World) -> None:
    put_output(serving, {})
    assert "set probe in /modelwharf/oil-price/deployment" in refusal(serving)
