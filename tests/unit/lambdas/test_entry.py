import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from pydantic import ValidationError

from lambdas.entry import as_json, entry
from lambdas.errors import (
    AccessDenied,
    AccountBusy,
    IncompleteRelease,
    InvalidParameter,
    QualityBelowThreshold,
    QuotaTooSmall,
    ServiceFault,
    Throttled,
)
from lambdas.log import logger
from lambdas.runtime import Runtime
from modelwharf.contracts.quotas import Quota
from modelwharf.contracts.release import Failure, ReleaseDocument
from modelwharf.contracts.stages import TrainedRelease
from modelwharf.contracts.task import WaitingTask
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.fakes import client_error
from tests.unit.lambdas.releases import RELEASE, document, plan, task

EVENT = document().model_dump(mode="json", by_alias=True)


def call(world: World, error: BaseException | None = None) -> Any:
    @entry(ReleaseDocument, lambda: world.runtime)
    def handler(doc: ReleaseDocument, runtime: Runtime) -> ReleaseDocument:
        logger.info("at work")
        if error is not None:
            raise error
        failure = Failure.model_validate({"Error": "E", "Cause": "c"})
        return doc.model_copy(update={"failure": failure})

    return handler(EVENT, None)


def test_a_document_comes_in_and_goes_out_as_step_functions_carries_it(world: World) -> None:
    assert call(world) == {**EVENT, "failure": {"Error": "E", "Cause": "c"}}


@pytest.mark.parametrize(
    ("code", "status", "meaning"),
    [
        ("ThrottlingException", 400, Throttled),
        ("TooManyRequestsException", 429, Throttled),
        ("ProvisionedThroughputExceededException", 400, Throttled),
        ("Throttled", 429, Throttled),
        ("KMSThrottling", 400, Throttled),
        ("AccountLimitExceededException", 400, AccountBusy),
        ("ResourceLimitExceeded", 400, AccountBusy),
        ("ExecutionLimitExceeded", 400, AccountBusy),
        ("AuthorizationError", 403, AccessDenied),
        ("KMSAccessDenied", 400, AccessDenied),
        ("InternalFailure", 500, ServiceFault),
        ("ServiceUnavailable", 503, ServiceFault),
        ("AccessDeniedException", 400, AccessDenied),
        ("AccessDenied", 403, AccessDenied),
        ("403", 403, AccessDenied),
    ],
)
def test_a_service_s_error_comes_out_by_its_meaning(
    world: World, code: str, status: int, meaning: type[Exception]
) -> None:
    words = "role/x is not authorized to perform: sagemaker:CreateModel on resource: model/y"
    with pytest.raises(meaning, match="sagemaker:CreateModel on resource: model/y"):
        call(world, client_error(code, words, status))


def test_a_service_that_is_not_reachable_is_a_fault(world: World) -> None:
    with pytest.raises(ServiceFault):
        call(world, EndpointConnectionError(endpoint_url="https://sagemaker"))


@pytest.mark.parametrize(
    "error",
    [
        client_error("ValidationException", "no"),
        QualityBelowThreshold("skill"),
        InvalidParameter("/path: x"),
        KeyError("bug"),
    ],
)
def test_any_other_error_keeps_its_class(world: World, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        call(world, error)
    assert caught.value is error


def test_every_line_of_the_log_holds_the_release(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    import logging
    import sys

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    try:
        with pytest.raises(QualityBelowThreshold):
            call(world, QualityBelowThreshold("skill -1"))
    finally:
        logger.handlers.remove(handler)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["message"] for line in lines] == ["at work", "skill -1"]
    assert {line["release_id"] for line in lines} == {RELEASE}
    assert lines[-1]["error_type"] == "QualityBelowThreshold"


def test_a_function_knows_how_long_lambda_lets_it_run(world: World) -> None:
    seen: list[float] = []

    @entry(ReleaseDocument, lambda: world.runtime)
    def handler(doc: ReleaseDocument, runtime: Runtime) -> None:
        seen.append(runtime.seconds_left())

    class Context:
        aws_request_id = "one"

        def get_remaining_time_in_millis(self) -> int:
            return 12_500

    handler(EVENT, Context())
    assert seen == [12.5]


LIMIT = (
    "The account-level service limit 'ml.m5.large for endpoint usage' is {} Instances, with "
    "current utilization of {} Instances and a request delta of {} Instances. Please use …"
)


@pytest.mark.parametrize(
    ("code", "words", "meaning"),
    [
        ("ResourceLimitExceeded", LIMIT.format(0, 0, 1), QuotaTooSmall),
        ("ResourceLimitExceeded", LIMIT.format(2, 1, 3), QuotaTooSmall),
        ("ResourceLimitExceeded", LIMIT.format(2, 2, 1), AccountBusy),
        (
            "AccountLimitExceededException",
            "Cannot have more than 1 builds in queue for the account",
            AccountBusy,
        ),
        (
            "AccountLimitExceededException",
            "Cannot have more than 0 builds in queue for the account",
            QuotaTooSmall,
        ),
    ],
)
def test_only_a_quota_that_can_suffice_is_waited_for_and_the_command_is_reported(
    world: World, code: str, words: str, meaning: type[Exception]
) -> None:
    with pytest.raises(meaning, match="aws service-quotas list-service-quotas --service-code"):
        call(world, client_error(code, words))


def test_the_code_of_a_quota_that_resolve_looked_up_is_in_what_to_type(world: World) -> None:
    name = "ml.m5.large for endpoint usage"
    quota = Quota(service="sagemaker", name=name, code="L-1234", value=2)
    event = task(document(plan=plan().model_copy(update={"quotas": (quota,)})))

    @entry(WaitingTask[ReleaseDocument], lambda: world.runtime)
    def handler(task: WaitingTask[ReleaseDocument], runtime: Runtime) -> None:
        raise client_error("ResourceLimitExceeded", LIMIT.format(2, 2, 1))

    with pytest.raises(AccountBusy, match="--quota-code L-1234 --desired-value 3"):
        handler(event.model_dump(mode="json", by_alias=True), None)


def test_a_section_that_no_state_has_written_is_named(world: World) -> None:
    @entry(WaitingTask[TrainedRelease], lambda: world.runtime)
    def handler(task: WaitingTask[TrainedRelease], runtime: Runtime) -> None:
        raise AssertionError("it has no training")

    with pytest.raises(IncompleteRelease, match="the release document has no 'training' yet"):
        handler(as_json(task(document(upto="PrepareData"))), None)


def test_another_fault_of_the_event_stays_what_it_is(world: World) -> None:
    @entry(WaitingTask[ReleaseDocument], lambda: world.runtime)
    def handler(task: WaitingTask[ReleaseDocument], runtime: Runtime) -> None:
        raise AssertionError("it has no token")

    with pytest.raises(ValidationError, match="task_token"):
        handler({"release": as_json(document())}, None)
