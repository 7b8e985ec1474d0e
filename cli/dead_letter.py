"""One message of the dead-letter queue: the event, the function that lost it, and why.

Three senders, three forms: Lambda's record of an asynchronous call (Lambda developer guide,
"Capturing records of Lambda asynchronous invocations"), EventBridge's event with the reason in
attributes (EventBridge user guide, "Using dead-letter queues"), and SNS's notification as it sends
it to a queue, without a reason (SNS developer guide, "Dead-letter queues").
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cli.event_words import in_words
from contracts.model import Contract

UNSUBSCRIBE = "UnsubscribeURL"


class DeadLetter(Contract):
    """``id`` is SQS's. ``event`` is what the function gets, as JSON; "" where nobody can say."""

    id: str
    lost: datetime
    """When it came into the queue."""
    function: str = ""
    """The function's ARN; of a notification "", as it names only the topic."""
    topic: str = ""
    what: str
    why: str
    tries: int
    """How often it was handed to the function, or tried to."""
    event: str = ""


def read_letter(message: Mapping[str, Any]) -> DeadLetter:
    """Read a message as ReceiveMessage answers it, with all its attributes."""
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
    """The event is what SNS makes of the notification: same id, same time (decided once)."""
    sns = {"Subject": None, "MessageAttributes": {}, **notification}
    subscription = ""
    for name, spelled in (("SigningCertURL", "SigningCertUrl"), (UNSUBSCRIBE, "UnsubscribeUrl")):
        if name in sns:  # an event spells it otherwise
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
