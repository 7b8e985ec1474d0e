"""EventBridge: rules deliver to their targets, and services' own events reach the rules.

Stock moto answers PutEvents with 500 when a rule's target is a function, a state machine or a
topic. It delivers every event to a rule that has only a schedule, and passes times as numbers. Of
its services, only S3 emits events.
"""

import json
import logging
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.events.models import Archive, Replay, ReplayState, Rule, events_backends

from modelwharf.laptop import event_targets
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import timestamp
from modelwharf.laptop.overrides import replace, stock

log = logging.getLogger(__name__)

Event = Mapping[str, Any]
Target = Mapping[str, Any]

BUS = "default"
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.-]+)>")


class DeliveryFailed(Exception):
    """A target did not take the event. The text gives the reason."""


def install(cloud: Cloud) -> None:
    """Deliver to targets, refuse targets of unknown kinds, and fill in ``cloud.emit``."""
    stock_put_targets = stock(Rule, "put_targets")

    def put_targets(self: Rule, targets: list[dict[str, Any]]) -> None:
        """Check the targets. Stock moto has already refused unknown rules and malformed ARNs."""
        for target in targets:
            event_targets.refuse_undeliverable(target)
        stock_put_targets(self, targets)

    def send_to_targets(self: Rule, event: dict[str, Any], transform_input: bool = True) -> None:
        _send(cloud, self, event)

    def replay_events(self: Replay, archive: Archive) -> None:
        _replay(cloud, self, archive)

    replace(Replay, "replay_events", replay_events)
    replace(Rule, "put_targets", put_targets)
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


def _replay(cloud: Cloud, replay: Replay, archive: Archive) -> None:
    """Offer the archived events of the replay's span to the bus. Stock moto offers all events."""
    bus = events_backends[cloud.account][cloud.region].describe_event_bus(
        replay.destination["Arn"].rsplit("/", 1)[-1]
    )
    first, last = (_moment(time) for time in (replay.event_start_time, replay.event_end_time))
    for event in list(archive.events):
        if first <= _moment(event["time"]) <= last:
            again = {**event, "id": str(uuid.uuid4()), "replay-name": replay.name}
            for rule in list(bus.rules.values()):
                _send(cloud, rule, again)
    replay.state = ReplayState.COMPLETED
    replay.end_time = datetime.now(UTC).timestamp()


def _moment(time: str | float) -> datetime:
    if isinstance(time, str):
        return datetime.fromisoformat(time.replace("Z", "+00:00"))
    return datetime.fromtimestamp(time, UTC)


def _send(cloud: Cloud, rule: Rule, event: Mapping[str, Any]) -> None:
    if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
        return
    enveloped = _as_delivered(event)
    if rule.event_pattern.matches_event(enveloped):  # type: ignore[arg-type]
        deliver_as_armed(cloud, rule, enveloped)


def deliver_as_armed(cloud: Cloud, rule: Rule, event: Event) -> None:
    """Deliver once and at once, unless a fault is armed (modelwharf.laptop.faults)."""
    how = cloud.faults.delivery(event)
    for _ in range(how.copies):
        if how.delay:
            cloud.workers.submit(_deliver_late, cloud, rule, event, how.delay)
        else:
            deliver(cloud, rule, event)


def _deliver_late(cloud: Cloud, rule: Rule, event: Event, delay: float) -> None:
    if not cloud.stopping.wait(delay):
        deliver(cloud, rule, event)


def deliver(cloud: Cloud, rule: Rule, event: Event) -> None:
    """Pass the event to each target of the rule: to an archive now, to others in the background."""
    for target in list(rule.targets):
        if event_targets.is_archive(target["Arn"]):
            event_targets.keep(cloud, target, event)
        else:
            cloud.workers.submit(_deliver, cloud, rule, target, event)


def _as_delivered(event: Mapping[str, Any]) -> dict[str, Any]:
    """Convert moto's epoch seconds, and drop the ingestion time, which EventBridge lacks."""
    copy: dict[str, Any] = json.loads(json.dumps(event, default=str))
    copy.pop("ingestion-time", None)
    if isinstance(copy.get("time"), int | float):
        copy["time"] = timestamp(datetime.fromtimestamp(copy["time"], UTC))
    return copy


def _deliver(cloud: Cloud, rule: Rule, target: Target, event: Event) -> None:
    body = json.dumps(event)  # what a dead-letter queue gets when the input cannot be made
    try:
        body = target_input(target, event)
        event_targets.send(cloud, rule, target, event, body)
    except Exception as error:  # a rule's owner sees no error of a target: log, dead-letter, go on
        log.error("event rule %s could not deliver to %s: %s", rule.name, target["Arn"], error)
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue:
            _send_to_dead_letters(cloud, rule, target, queue, body, error)


def _send_to_dead_letters(
    cloud: Cloud, rule: Rule, target: Target, queue: str, body: str, error: Exception
) -> None:
    """Send the event, with the reason as attributes ("Event retry policy and using DLQs")."""
    attributes = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": type(error).__name__,
        "ERROR_MESSAGE": str(error) or type(error).__name__,
    }
    try:
        event_targets.send_to_queue(cloud, rule, {"Arn": queue}, body, attributes)
    except Exception as refusal:
        log.error("event rule %s lost an event: %s: %s", rule.name, queue, refusal)


def target_input(target: Target, event: Event) -> str:
    """The target's input as JSON: the event, a part of it, or the transformed event."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(value_at(target["InputPath"], event))
    if "InputTransformer" in target:
        transformer = target["InputTransformer"]
        return transform(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), event)
    return json.dumps(event)


def value_at(path: str, event: Event) -> Any:
    """The value at EventBridge's kind of JSON path, such as ``$.detail.bucket``; None if absent."""
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
    """Fill an input transformer's template: JSON values outside quotes, text inside quotes."""
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
