"""EventBridge: rules deliver to their targets, and services' own events reach the rules.

Stock moto answers PutEvents with 500 when a rule's target is a function, a state machine or a
topic; it delivers every event to a rule that has only a schedule; it hands times over as
numbers; and no service of it but S3 emits events.
"""

import json
import logging
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule, events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from localcloud import iam, logs
from localcloud.cloud import Cloud
from localcloud.formats import timestamp
from localcloud.overrides import replace, stock

log = logging.getLogger(__name__)

Event = Mapping[str, Any]
Target = Mapping[str, Any]

PRINCIPAL = "events.amazonaws.com"
BUS = "default"
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")


class DeliveryFailed(Exception):
    """A target did not take the event. The text says why."""


def install(cloud: Cloud) -> None:
    """Deliver to targets, refuse targets that cannot be delivered to, fill in ``cloud.emit``."""
    stock_put_targets = stock(EventsBackend, "put_targets")

    def put_targets(
        self: EventsBackend, name: str, event_bus_arn: str | None, targets: list[dict[str, Any]]
    ) -> None:
        for target in targets:
            _refuse_undeliverable(target["Arn"])
        stock_put_targets(self, name, event_bus_arn, targets)

    def send_to_targets(self: Rule, event: dict[str, Any], transform_input: bool = True) -> None:
        _send(cloud, self, event)

    replace(EventsBackend, "put_targets", put_targets)
    replace(Rule, "send_to_targets", send_to_targets)

    def emit(
        source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
    ) -> None:
        publish(cloud, service_event(cloud, source, detail_type, detail, resources))

    cloud.emit = emit


def service_event(
    cloud: Cloud,
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    resources: Sequence[str],
) -> dict[str, Any]:
    """An event in EventBridge's envelope."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": cloud.account,
        "time": timestamp(datetime.now(UTC)),
        "region": cloud.region,
        "resources": list(resources),
        "detail": dict(detail),
    }


def publish(cloud: Cloud, event: dict[str, Any]) -> None:
    """Offer the event to every rule of the default bus."""
    bus = events_backends[cloud.account][cloud.region].event_buses[BUS]
    for rule in list(bus.rules.values()):
        _send(cloud, rule, event)


def _send(cloud: Cloud, rule: Rule, event: Mapping[str, Any]) -> None:
    if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
        return
    enveloped = _as_delivered(event)
    if rule.event_pattern.matches_event(enveloped):  # type: ignore[arg-type]
        for _ in range(cloud.faults.copies(enveloped)):
            deliver(cloud, rule, enveloped)


def deliver(cloud: Cloud, rule: Rule, event: Event) -> None:
    """Hand the event to every target of the rule, each in the background."""
    for target in list(rule.targets):
        cloud.workers.submit(_deliver, cloud, rule, target, event)


def _as_delivered(event: Mapping[str, Any]) -> dict[str, Any]:
    """moto's own events carry epoch seconds and an ingestion time; EventBridge's do not."""
    copy: dict[str, Any] = json.loads(json.dumps(event, default=str))
    copy.pop("ingestion-time", None)
    if isinstance(copy.get("time"), int | float):
        copy["time"] = timestamp(datetime.fromtimestamp(copy["time"], UTC))
    return copy


def _deliver(cloud: Cloud, rule: Rule, target: Target, event: Event) -> None:
    body = target_input(target, event)
    try:
        _SENDERS[_service(target["Arn"])](cloud, rule, target, body)
    except Exception as error:  # a rule's owner sees no error of a target: log, dead-letter, go on
        log.error("event rule %s could not deliver to %s: %s", rule.name, target["Arn"], error)
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue:
            _send_to_queue(cloud, rule, {"Arn": queue}, body)


def target_input(target: Target, event: Event) -> str:
    """What the target gets, as JSON: the event, a part of it, or what its rule makes of it."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(value_at(target["InputPath"], event))
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        return transform(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), event)
    return json.dumps(event)


def value_at(path: str, event: Event) -> Any:
    """The value at a JSON path of EventBridge's kind, such as ``$.detail.bucket``; else None."""
    if path != "$" and not path.startswith("$."):
        raise DeliveryFailed(f"{path!r} is not a JSON path; it starts with '$.'")
    value: Any = event
    for key in path.split(".")[1:]:
        name, *indexes = re.findall(r"[^\[\]]+", key)
        value = value.get(name) if isinstance(value, Mapping) else None
        for index in indexes:
            number = int(index)
            value = value[number] if isinstance(value, list) and number < len(value) else None
    return value


def transform(template: str, paths: Mapping[str, str], event: Event) -> str:
    """Fill an input transformer's template: JSON values bare, their text inside quotes."""
    values: dict[str, Any] = {name: value_at(path, event) for name, path in paths.items()}
    values["aws.events.event"] = event
    values["aws.events.event.json"] = event

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value = values[match[1]]
        if not _inside_quotes(template, match.start()):
            return json.dumps(value)
        text = value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]

    return _PLACEHOLDER.sub(fill, template)


def _inside_quotes(template: str, position: int) -> bool:
    return len(re.findall(r'(?<!\\)"', template[:position])) % 2 == 1


def _service(arn: str) -> str:
    """The service in an ARN; empty where it is none."""
    parts = arn.split(":")
    return parts[2] if len(parts) > 5 else ""


def _refuse_undeliverable(arn: str) -> None:
    if _service(arn) not in _SENDERS:
        raise ValidationException(
            f"The laptop's cloud cannot deliver events to {arn}; "
            f"targets it knows: {', '.join(sorted(_SENDERS))}."
        )


def _send_to_function(cloud: Cloud, rule: Rule, target: Target, body: str) -> None:
    cloud.functions.invoke_for_service(
        target["Arn"], body, principal=PRINCIPAL, source_arn=rule.arn
    )


def _start_execution(cloud: Cloud, rule: Rule, target: Target, body: str) -> None:
    client = cloud.client("stepfunctions", role=target["RoleArn"], session=rule.name)
    client.start_execution(stateMachineArn=target["Arn"], input=body)


def _publish_to_topic(cloud: Cloud, rule: Rule, target: Target, body: str) -> None:
    arn = target["Arn"]
    # As AWS: no source comes with it, so a statement with a condition on one allows nothing
    # (EventBridge user guide, "Troubleshooting").
    iam.require_service_access(cloud, PRINCIPAL, "sns:Publish", arn, source_arn=None)
    # A template that is one JSON string is published as its text.
    document = json.loads(body)
    message = document if isinstance(document, str) else body
    sns_backends[cloud.account][cloud.region].publish(message=message, arn=arn)


def _send_to_queue(cloud: Cloud, rule: Rule, target: Target, body: str) -> None:
    arn = target["Arn"]
    iam.require_service_access(cloud, PRINCIPAL, "sqs:SendMessage", arn, source_arn=rule.arn)
    sqs_backends[cloud.account][cloud.region].send_message(
        queue_name=arn.rsplit(":", 1)[-1],
        message_body=body,
        group_id=target.get("SqsParameters", {}).get("MessageGroupId"),
    )


def _write_to_log_group(cloud: Cloud, rule: Rule, target: Target, body: str) -> None:
    group = target["Arn"].split(":log-group:")[1].removesuffix(":*")
    logs.put_lines(cloud, group, str(uuid.uuid4()), [body])


_SENDERS: Mapping[str, Callable[[Cloud, Rule, Target, str], None]] = {
    "lambda": _send_to_function,
    "states": _start_execution,
    "sns": _publish_to_topic,
    "sqs": _send_to_queue,
    "logs": _write_to_log_group,
}
