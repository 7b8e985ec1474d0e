"""The targets of EventBridge's rules: the senders, and the policy that must allow each delivery.

A target is one sender and one line in ``_SENDERS``. Rules with another kind are refused.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

from moto.events.exceptions import ValidationException
from moto.events.models import Rule, events_backends
from moto.sns.models import sns_backends

from modelwharf.laptop import iam, logs
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.queues import send_for_service

PRINCIPAL = "events.amazonaws.com"

Event = Mapping[str, Any]
Target = Mapping[str, Any]


def is_archive(arn: str) -> bool:
    """Whether the target is an archive: EventBridge's own rule, whose target names no resource."""
    return _service(arn) == "events" and arn.endswith(":::")


def keep(cloud: Cloud, target: Target, event: Event) -> None:
    """Put the event into the archive that the target's template names."""
    template = target["InputTransformer"]["InputTemplate"]
    region = target["Arn"].split(":")[3]
    for archive in events_backends[cloud.account][region].archives.values():
        if f"{archive.arn}:{archive.uuid}" in template:
            cast(list[Event], archive.events).append(dict(event))


def refuse_undeliverable(target: Target) -> None:
    """Raise ValidationException for a target that this cloud cannot deliver to."""
    arn = target["Arn"]
    if is_archive(arn):
        return
    if _service(arn) not in _SENDERS:
        raise ValidationException(
            f"The laptop's cloud cannot deliver events to {arn}; "
            f"targets it knows: {', '.join(sorted(_SENDERS))}."
        )
    if _service(arn) == "events" and ":event-bus/" not in arn:
        raise ValidationException(
            f"The laptop's cloud cannot deliver events to {arn}; of events it knows event buses."
        )
    if _service(arn) in ("events", "states") and not target.get("RoleArn"):
        raise ValidationException(f"RoleArn is required for target {arn}.")


def send(cloud: Cloud, rule: Rule, target: Target, event: Event, body: str) -> None:
    """Deliver the event. Raises the error of the target or of its policy."""
    _SENDERS[_service(target["Arn"])](cloud, rule, target, event, body)


def send_to_queue(
    cloud: Cloud, rule: Rule, target: Target, body: str, attributes: Mapping[str, str] | None = None
) -> None:
    """Send if the queue's policy allows this rule. A FIFO queue must have deduplication."""
    send_for_service(
        cloud,
        target["Arn"],
        body,
        principal=PRINCIPAL,
        source_arn=rule.arn,
        attributes=attributes,
        group_id=target.get("SqsParameters", {}).get("MessageGroupId"),
    )


def _service(arn: str) -> str:
    """The service in an ARN; empty for other text."""
    parts = arn.split(":")
    return parts[2] if len(parts) > 5 else ""


def _send_to_function(cloud: Cloud, rule: Rule, target: Target, event: Event, body: str) -> None:
    cloud.functions.invoke_for_service(
        target["Arn"], body, principal=PRINCIPAL, source_arn=rule.arn
    )


def _start_execution(cloud: Cloud, rule: Rule, target: Target, event: Event, body: str) -> None:
    client = cloud.client("stepfunctions", role=target["RoleArn"], session=rule.name)
    client.start_execution(stateMachineArn=target["Arn"], input=body)


def _publish_to_topic(cloud: Cloud, rule: Rule, target: Target, event: Event, body: str) -> None:
    arn = target["Arn"]
    # As in AWS, the call has no source: a statement with a condition on the source allows
    # nothing (EventBridge user guide, "Troubleshooting").
    iam.require_service_access(cloud, PRINCIPAL, "sns:Publish", arn, source_arn=None)
    # A template that is one JSON string is published as its text.
    document = json.loads(body)
    message = document if isinstance(document, str) else body
    sns_backends[cloud.account][cloud.region].publish(message=message, arn=arn)


def _send_to_queue(cloud: Cloud, rule: Rule, target: Target, event: Event, body: str) -> None:
    send_to_queue(cloud, rule, target, body)


def _write_to_log_group(cloud: Cloud, rule: Rule, target: Target, event: Event, body: str) -> None:
    """Write if a resource policy allows EventBridge (user guide, "Resource-based policies")."""
    group = target["Arn"].split(":log-group:")[1].removesuffix(":*")
    stream = str(uuid.uuid4())
    resource = cloud.arn("logs", f"log-group:{group}:log-stream:{stream}")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        iam.require_service_access(cloud, PRINCIPAL, action, resource, source_arn=rule.arn)
    logs.put_lines(cloud, group, stream, [body])


def _put_on_bus(cloud: Cloud, rule: Rule, target: Target, event: Event, body: str) -> None:
    """Put the event itself on the other bus, whatever the target's input says."""
    iam.require_trust(cloud, target["RoleArn"], PRINCIPAL)
    client = cloud.client("events", role=target["RoleArn"], session=rule.name)
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": event["resources"],
        "EventBusName": target["Arn"],
    }
    client.put_events(Entries=[entry])


_SENDERS: Mapping[str, Callable[[Cloud, Rule, Target, Event, str], None]] = {
    "events": _put_on_bus,
    "lambda": _send_to_function,
    "states": _start_execution,
    "sns": _publish_to_topic,
    "sqs": _send_to_queue,
    "logs": _write_to_log_group,
}
