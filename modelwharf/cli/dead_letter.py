"""One message of the dead-letter queue: the event, the function that failed, and the reason.

Three senders use three forms: Lambda's record of an asynchronous call (Lambda developer guide,
"Capturing records of Lambda asynchronous invocations"), EventBridge's event with the reason in
attributes (EventBridge user guide, "Using dead-letter queues"), and SNS's notification as it is
sent to a queue, without a reason (SNS developer guide, "Dead-letter queues").
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from modelwharf.artifact.contract import Contract
from modelwharf.cli.event_words import in_words

UNSUBSCRIBE = "UnsubscribeURL"


class DeadLetter(Contract):
    """``id`` is the SQS message's. ``event``: the function's event as JSON; "" if unknown."""

    id: str
    lost: datetime
    """When it entered the queue."""
    function: str = ""
    """The function's ARN; "" for a notification, which names only the topic."""
    topic: str = ""
    what: str
    why: str
    tries: int
    """How many deliveries to the function were tried."""
    event: str = ""


def read_letter(message: Mapping[str, Any]) -> DeadLetter:
    """Read a message of ReceiveMessage's response, with all its attributes."""
    body = _document(message["Body"])
    attributes = {
        name: value.get("StringValue", "")
        for name, value in message.get("MessageAttributes", {}).items()
    }
    match body:
        case {"requestContext": {"functionArn": str(arn)}, "requestPayload": payload}:
            found = _of_function(arn, payload, body)
        case dict() if "TARGET_ARN" in attributes:
            found = _of_rule(body, message["Body"], attributes)
        case {"TopicArn": str(topic), "Message": str()}:
            found = _of_topic(topic, body)
        case _:
            found = {"what": in_words(message["Body"]), "why": "unknown sender", "tries": 0}
    sent = int(message["Attributes"]["SentTimestamp"]) / 1000  # from milliseconds
    lost = datetime.fromtimestamp(sent, UTC)
    return DeadLetter.model_validate({"id": message["MessageId"], "lost": lost, **found})


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _of_function(arn: str, payload: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    context, answer = record["requestContext"], record.get("responsePayload")
    why = str(context.get("condition", ""))
    if isinstance(answer, Mapping) and "errorMessage" in answer:
        why = f"{answer.get('errorType', 'Error')}: {answer['errorMessage']}"
    return {
        "function": ":".join(arn.split(":")[:7]),  # without the version
        "what": in_words(payload),
        "why": why,
        "tries": context.get("approximateInvokeCount", 0),
        "event": json.dumps(payload),
    }


def _of_rule(event: Any, text: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    retries = attributes.get("RETRY_ATTEMPTS", "")
    return {
        "function": attributes["TARGET_ARN"],
        "what": in_words(event),
        "why": _reason(attributes.get("ERROR_CODE"), attributes.get("ERROR_MESSAGE")),
        "tries": 1 + (int(retries) if retries.isdigit() else 0),
        "event": text,
    }


def _of_topic(topic: str, notification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event that SNS makes of the notification, with the same id and time, so that the
    decision is made only once.
    """
    sns = {"Subject": None, "MessageAttributes": {}, **notification}
    subscription = ""
    for name, spelled in (("SigningCertURL", "SigningCertUrl"), (UNSUBSCRIBE, "UnsubscribeUrl")):
        if name in sns:  # an event uses another spelling
            sns[spelled] = sns.pop(name)
    if UNSUBSCRIBE in notification:
        query = parse_qs(urlsplit(notification[UNSUBSCRIBE]).query)
        subscription = query.get("SubscriptionArn", [""])[0]
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": sns,
    }
    event = {"Records": [record]}
    return {
        "topic": topic,
        "what": in_words(event),
        "why": "SNS could not call the function; it does not say why",
        "tries": 1,
        "event": json.dumps(event),
    }


def _reason(code: str | None, message: str | None) -> str:
    return ": ".join(part for part in (code, message) if part) or "not delivered"
