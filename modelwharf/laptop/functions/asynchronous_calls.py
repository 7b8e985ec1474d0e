"""Asynchronous calls of a Lambda function: retries, and the on-failure destination."""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaFunction

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import timestamp_to_the_millisecond

log = logging.getLogger(__name__)

RETRY_DELAYS = (1.0, 2.0)  # seconds; AWS waits one minute, then two


@dataclass(frozen=True)
class Invocation:
    """The result of a call. ``payload`` is JSON: the handler's result or the error."""

    payload: str
    failed: bool
    log: str


@dataclass(frozen=True)
class AsynchronousCalls:
    """The settings for asynchronous calls in a function's event invoke configuration."""

    retries: int = len(RETRY_DELAYS)
    on_failure: str | None = None
    """The ARN of the destination for calls that failed after all retries."""

    @classmethod
    def of(cls, function: LambdaFunction) -> Self:
        """The function's own settings, or Lambda's defaults."""
        if not function.event_invoke_config:
            return cls()
        config = function.event_invoke_config[0].config
        destination = config.get("DestinationConfig", {}).get("OnFailure", {})
        return cls(
            retries=int(config.get("MaximumRetryAttempts", cls.retries)),
            on_failure=destination.get("Destination"),
        )


Invoke = Callable[[LambdaFunction, str, str], Invocation]
"""The arguments: function, event as JSON, request id."""


def invoke_with_retries(cloud: Cloud, invoke: Invoke, function: LambdaFunction, body: str) -> None:
    """Call until it succeeds or no retry is left, then notify the on-failure destination."""
    request_id = str(uuid.uuid4())  # the same for every try, as in AWS
    name = function.function_name
    settings = AsynchronousCalls.of(function)
    delays = RETRY_DELAYS[: settings.retries]
    for delay in (*delays, None):
        invocation = invoke(function, body, request_id)
        if not invocation.failed:
            return
        if delay is None:
            break
        later = f"tried again in {delay:g} s (AWS waits minutes)"
        log.warning("asynchronous call %s of %s failed; %s", request_id, name, later)
        if cloud.stopping.wait(delay):
            return
    log.error(
        "asynchronous call %s of %s failed for good: %s", request_id, name, invocation.payload
    )
    if settings.on_failure:
        report = _lost_call(function, request_id, body, invocation, len(delays) + 1)
        _tell(cloud, function, settings.on_failure, report)


def _lost_call(
    function: LambdaFunction, request_id: str, body: str, invocation: Invocation, tries: int
) -> dict[str, Any]:
    """The record that Lambda sends to an on-failure destination."""
    return {
        "version": "1.0",
        "timestamp": timestamp_to_the_millisecond(datetime.now(UTC)),
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{function.function_arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": tries,
        },
        "requestPayload": json.loads(body),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": json.loads(invocation.payload),
    }


def _tell(
    cloud: Cloud, function: LambdaFunction, destination: str, report: Mapping[str, Any]
) -> None:
    """Send the record as the function's role, which needs the permission."""
    text = json.dumps(report)
    service = destination.split(":")[2]
    session = str(function.function_name)
    client = cloud.client(service, role=function.role, session=session)
    name = destination.rsplit(":", 1)[-1]
    try:
        if service == "sns":
            client.publish(TopicArn=destination, Message=text)
        else:
            # Lambda finds the queue itself: the role needs only sqs:SendMessage.
            url = cloud.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
            client.send_message(QueueUrl=url, MessageBody=text)
    except ClientError as error:
        log.error(
            "the lost call of %s could not be reported to %s: %s", session, destination, error
        )
