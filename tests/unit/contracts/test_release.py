import json

import pytest

from modelwharf.contracts.release import Failure, ReleaseDocument, Trigger
from modelwharf.contracts.request import TriggerSource

TRIGGER = Trigger(
    source=TriggerSource.PUSH,
    commit="c" * 40,
    branch="main",
    data_versions={},
    parameter_versions={},
)


def failure(error: str, cause: str) -> Failure:
    return Failure.model_validate({"Error": error, "Cause": cause})


def test_a_function_s_failure_reads_as_its_own_message() -> None:
    cause = json.dumps({"errorMessage": "no commit abc", "errorType": "UnknownCommit"})
    assert failure("UnknownCommit", cause).message() == "no commit abc"


@pytest.mark.parametrize("cause", ["AlgorithmError: exit code 1", '["odd"]', '{"other": 1}'])
def test_any_other_cause_reads_as_it_is(cause: str) -> None:
    assert failure("TrainingFailed", cause).message() == cause


def test_a_timeout_without_a_cause_says_that_no_answer_came() -> None:
    assert "no answer came" in failure("States.Timeout", "").message()


def test_an_error_without_a_cause_reads_as_its_name() -> None:
    assert failure("States.Runtime", "").message() == "States.Runtime"


def test_a_document_survives_the_way_through_json() -> None:
    document = ReleaseDocument(
        release_id="r-1", project="oil", trigger=TRIGGER, failure=failure("E", "c")
    )
    text = document.model_dump_json(by_alias=True)
    assert json.loads(text)["failure"] == {"Error": "E", "Cause": "c"}
    assert ReleaseDocument.model_validate_json(text) == document
