"""SNS: what a subscribed function gets is what SNS sends, in the background, when it may.

Stock moto calls the function before Publish has answered, with a made-up topic, time, subject
and attributes, and never asks the function's resource policy.
"""

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import Any

from moto.sns.models import Subscription

from localcloud.cloud import Cloud
from localcloud.formats import timestamp_to_the_millisecond
from localcloud.overrides import replace, stock

log = logging.getLogger(__name__)

PRINCIPAL = "sns.amazonaws.com"


def install(cloud: Cloud) -> None:
    """Deliver messages to functions; every other protocol stays moto's."""
    stock_publish = stock(Subscription, "publish")

    def publish(self: Subscription, message: str, message_id: str, **options: Any) -> None:
        if self.protocol == "lambda":
            _deliver_to_function(cloud, self, message, options)
        else:
            stock_publish(self, message, message_id, **options)

    replace(Subscription, "publish", publish)


def _deliver_to_function(
    cloud: Cloud, subscription: Subscription, message: str, options: dict[str, Any]
) -> None:
    matcher = subscription._filter_policy_matcher
    if matcher is not None and not matcher.matches(options.get("message_attributes"), message):
        return
    if options.get("message_structure") == "json":
        message = subscription._parse_message_structure(message, subscription.protocol)
    event = message_event(subscription, message, options)
    cloud.workers.submit(_invoke, cloud, subscription, json.dumps(event))


def _invoke(cloud: Cloud, subscription: Subscription, body: str) -> None:
    topic, function = subscription.topic.arn, subscription.endpoint
    try:
        cloud.functions.invoke_for_service(function, body, principal=PRINCIPAL, source_arn=topic)
    except Exception as error:  # the publisher hears nothing of it, in AWS neither
        log.error("topic %s could not deliver to %s: %s", topic, function, error)


def message_event(
    subscription: Subscription, message: str, options: dict[str, Any]
) -> dict[str, Any]:
    """The event of one message, as SNS hands it to a function."""
    attributes = options.get("message_attributes") or {}
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": str(uuid.uuid4()),
                    "TopicArn": subscription.topic.arn,
                    "Subject": options.get("subject"),
                    "Message": message,
                    "Timestamp": timestamp_to_the_millisecond(datetime.now(UTC)),
                    "MessageAttributes": {
                        name: {"Type": value["Type"], "Value": value["Value"]}
                        for name, value in attributes.items()
                    },
                },
            }
        ]
    }
