"""The selftest's own queue, which receives the project's notifications and services' events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack

SOURCES = ("aws.codebuild", "aws.sagemaker", "aws.states")
TARGET = "queue"
LOOKS = 20  # polls, each of at most ten messages


@dataclass
class Listener:
    """The queue and its rule. ``name`` is the name of both."""

    services: Services
    stack: Stack
    name: str
    url: str = ""
    rule: str = ""
    subscription: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    notifications: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Create the queue and the rule, and subscribe the queue to the notifications."""
        sqs, events = self.services.client("sqs"), self.services.client("events")
        self.url = sqs.create_queue(QueueName=self.name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        queue = attributes["Attributes"]["QueueArn"]
        pattern = json.dumps({"source": list(SOURCES)})
        self.rule = events.put_rule(Name=self.name, EventPattern=pattern)["RuleArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                _may_send("events.amazonaws.com", queue, self.rule),
                _may_send("sns.amazonaws.com", queue, self.stack.notifications_topic),
            ],
        }
        sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps(policy)})
        events.put_targets(Rule=self.name, Targets=[{"Id": TARGET, "Arn": queue}])
        self.subscription = self.services.client("sns").subscribe(
            TopicArn=self.stack.notifications_topic,
            Protocol="sqs",
            Endpoint=queue,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]

    def hear(self) -> None:
        """Receive the messages: events of this project, and notifications."""
        for body in self._bodies():
            try:
                message = json.loads(body)
            except ValueError:
                message = None
            if isinstance(message, dict) and "detail-type" in message:
                if self._is_ours(message):
                    self.events.append(message)
            else:
                self.notifications.append(body)

    def close(self) -> Iterator[tuple[str, Any]]:
        """Yield the resources to delete, each as (what it is, function that deletes it)."""
        events, sqs = self.services.client("events"), self.services.client("sqs")
        sns = self.services.client("sns")
        if self.subscription:
            yield "subscription", lambda: sns.unsubscribe(SubscriptionArn=self.subscription)
        if self.rule:
            yield "rule's target", lambda: events.remove_targets(Rule=self.name, Ids=[TARGET])
            yield f"rule {self.name}", lambda: events.delete_rule(Name=self.name)
        if self.url:
            yield f"queue {self.name}", lambda: sqs.delete_queue(QueueUrl=self.url)

    def _bodies(self) -> Iterator[str]:
        client = self.services.client("sqs")
        for _ in range(LOOKS):
            messages = client.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            ).get("Messages", [])
            for message in messages:
                yield message["Body"]
                client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            if not messages:
                return

    def _is_ours(self, event: dict[str, Any]) -> bool:
        """Whether the event's detail names a resource of the project: others may be active."""
        stack, detail = self.stack, event["detail"]
        return (
            detail.get("project-name") == stack.build_project
            or detail.get("EndpointName") == stack.endpoint
            or detail.get("stateMachineArn") == stack.state_machine
            or any(
                str(detail.get(name, "")).startswith(f"{stack.project}-r-")
                for name in ("ProcessingJobName", "TrainingJobName")
            )
        )


def _may_send(principal: str, queue: str, source: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
