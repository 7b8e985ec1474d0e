"""A dead-letter queue in memory, the functions behind it, and messages as AWS writes them."""

# ruff: noqa: N803 - AWS spells its arguments this way

import json
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.contracts.histories import START

LAMBDA = "arn:aws:lambda:eu-west-1:123456789012:function"
START_RELEASE = f"{LAMBDA}:modelwharf-oil-price-start-release"
CHANGES = "arn:aws:sns:eu-west-1:123456789012:modelwharf-oil-price-changes"
PUSH = {
    "Records": [
        {"codecommit": {"references": [{"commit": "c0ffee" + "0" * 34, "ref": "refs/heads/main"}]}}
    ]
}
SNS = {
    "Type": "Notification",
    "MessageId": "sns-1",
    "TopicArn": CHANGES,
    "Message": json.dumps(PUSH),
    "Timestamp": "2026-11-21T09:00:00.000Z",
}
ADDRESS = "https://sns.eu-west-1.amazonaws.com/"
UNSUBSCRIBE = f"{ADDRESS}?Action=Unsubscribe&SubscriptionArn={CHANGES}:s-1"
CERTIFICATE = f"{ADDRESS}c.pem"
# What SNS sends to a queue, and what it sends of the same message to a function.
NOTIFICATION = {**SNS, "SigningCertURL": CERTIFICATE, "UnsubscribeURL": UNSUBSCRIBE}
PUSH_EVENT = {
    "Records": [
        {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": f"{CHANGES}:s-1",
            "Sns": {
                **SNS,
                "Subject": None,
                "MessageAttributes": {},
                "SigningCertUrl": CERTIFICATE,
                "UnsubscribeUrl": UNSUBSCRIBE,
            },
        }
    ]
}


class FakeQueue:
    """SQS's client for one queue: what is received is hidden until it is let go of."""

    PAGE = 2  # messages: an answer takes several calls

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.held_elsewhere = 0

    def put(self, identity: str, body: Any, seconds: int = 0, **attributes: str) -> None:
        """A message that came so many seconds after the start."""
        sent = int((START + timedelta(seconds=seconds)).timestamp() * 1000)
        self.messages[identity] = {
            "MessageId": identity,
            "ReceiptHandle": f"receipt of {identity}",
            "Body": body if isinstance(body, str) else json.dumps(body),
            "Attributes": {"SentTimestamp": str(sent)},
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        }

    def receive_message(self, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:
        there = [one for name, one in self.messages.items() if name not in self.hidden]
        page = there[: min(self.PAGE, MaxNumberOfMessages)]
        self.hidden |= {one["MessageId"] for one in page}
        return {"Messages": page} if page else {}

    def delete_message(self, QueueUrl: str, ReceiptHandle: str) -> None:
        del self.messages[ReceiptHandle.removeprefix("receipt of ")]

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
        for entry in Entries:
            assert entry["VisibilityTimeout"] == 0
            self.hidden.discard(entry["ReceiptHandle"].removeprefix("receipt of "))
        return {}

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
        return {"Attributes": {AttributeNames[0]: str(self.held_elsewhere)}}


class FakeFunctions:
    """Lambda's client: keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.refusal: ClientError | None = None

    def invoke(self, FunctionName: str, InvocationType: str, Payload: str) -> dict[str, Any]:
        assert InvocationType == "Event"
        if self.refusal:
            raise self.refusal
        self.calls.append((FunctionName, json.loads(Payload)))
        return {"StatusCode": 202}


def lost_call(function: str, event: Any, error: str = "Runtime.ExitError") -> dict[str, Any]:
    """Lambda's record of an asynchronous call that failed for good."""
    return {
        "version": "1.0",
        "timestamp": "2026-11-21T09:03:05.123Z",
        "requestContext": {
            "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
            "functionArn": f"{function}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": event,
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {"errorType": error, "errorMessage": "signal: killed"},
    }
