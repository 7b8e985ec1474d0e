"""SNS: deliver messages to subscribed functions in SNS's form, in the background, if allowed.

Stock moto calls the function before Publish has answered, with a made-up topic, time, subject
and attributes. It never checks the function's resource policy, and has no dead-letter queue.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from moto.sns.models import Subscription

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import timestamp_to_the_millisecond
from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.queues import send_for_service

log = logging.getLogger(__name__)

PRINCIPAL = "sns.amazonaws.com"


def install(cloud: Cloud) -> None:
    """Deliver messages to functions. moto delivers all other protocols."""
    stock_publish = stock(Subscription, "publish")

    def publish(self: Subscription, message: str, message_id: str, **options: Any) -> None:
        if self.protocol == "lambda":
            _deliver_to_function(cloud, self, message, message_id, options)
        else:
            stock_publish(self, message, message_id, **options)

    replace(Subscription, "publish", publish)


def _deliver_to_function(
    cloud: Cloud,
    subscription: Subscription,
    message: str,
    message_id: str,
    options: dict[str, Any],
) -> None:
    matcher = subscription._filter_policy_matcher
    if matcher is not None and not matcher.matches(options.get("message_attributes"), message):
        return
    if options.get("message_structure") == "json":
        message = subscription._parse_message_structure(message, subscription.protocol)
    event = message_event(cloud, subscription, message, message_id, options)
    cloud.workers.submit(_invoke, cloud, subscription, event)


def _invoke(cloud: Cloud, subscription: Subscription, event: dict[str, Any]) -> None:
    topic, function = subscription.topic.arn, subscription.endpoint
    try:
        cloud.functions.invoke_for_service(
            function, json.dumps(event), principal=PRINCIPAL, source_arn=topic
        )
    except Exception as error:  # the publisher is not told, as in AWS
        log.error("topic %s could not deliver to %s: %s", topic, function, error)
        _keep(cloud, subscription, event)


def _keep(cloud: Cloud, subscription: Subscription, event: dict[str, Any]) -> None:
    """Send the notification to the subscription's dead-letter queue, if it has one.

    As in AWS, it has the form for queues and no reason.
    """
    policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
    queue = policy.get("deadLetterTargetArn")
    if not queue:
        return
    notification = {name: value for name, value in event["Records"][0]["Sns"].items() if value}
    notification["UnsubscribeURL"] = notification.pop("UnsubscribeUrl")
    body, topic = json.dumps(notification), subscription.topic.arn
    try:
        send_for_service(cloud, queue, body, principal=PRINCIPAL, source_arn=topic)
    except Exception as refusal:
        log.error("topic %s lost a message: %s: %s", topic, queue, refusal)


def message_event(
    cloud: Cloud,
    subscription: Subscription,
    message: str,
    message_id: str,
    options: dict[str, Any],
) -> dict[str, Any]:
    """The event of one message, as SNS passes it to a function."""
    unsubscribe = f"Action=Unsubscribe&SubscriptionArn={subscription.arn}"
    attributes = options.get("message_attributes") or {}
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": message_id,
                    "TopicArn": subscription.topic.arn,
                    "Subject": options.get("subject"),
                    "Message": message,
                    "Timestamp": timestamp_to_the_millisecond(datetime.now(UTC)),
                    "MessageAttributes": {
                        name: {"Type": value["Type"], "Value": value["Value"]}
                        for name, value in attributes.items()
                    },
                    "UnsubscribeUrl": f"{cloud.url}/?{unsubscribe}",
                },
            }
        ]
    }
