"""Reads the dead-letter queue: list all messages, redeliver some, and release the others."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from modelwharf.cli.dead_letter import DeadLetter, read_letter
from modelwharf.cli.errors import CommandError
from modelwharf.cli.known_problems import command_error
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack, function_names
from modelwharf.contracts.names import stack_name

HELD = 600  # seconds for which other readers do not see the received messages
BATCH = 10  # messages; the most that SQS returns or accepts per call


@dataclass(frozen=True)
class Received:
    """A message that this command holds; ``receipt`` is its SQS receipt handle."""

    letter: DeadLetter
    receipt: str


@dataclass
class Redelivery:
    services: Services
    stack: Stack

    def __post_init__(self) -> None:
        self._functions = frozenset(function_names(self.services, self.stack.project))
        self._subscribers: dict[str, str] = {}

    @contextmanager
    def holding(self) -> Iterator[tuple[Received, ...]]:
        """Yield all messages, the oldest first. Those not deleted are released at the end."""
        found: dict[str, Received] = {}
        try:
            self._receive(found)
            ordered = sorted(found.values(), key=lambda one: (one.letter.lost, one.letter.id))
            yield tuple(map(self._with_function, ordered))
        finally:
            self._let_go([one.receipt for one in found.values()])

    def hidden(self) -> int:
        """Return how many messages another `wharf redrive` holds, for at most ten minutes."""
        name = "ApproximateNumberOfMessagesNotVisible"
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def require(self, names: Sequence[str]) -> None:
        """Check function names, with or without the stack's prefix. Raises CommandError for unknown
        ones.
        """
        start = f"{stack_name(self.stack.project)}-"
        unknown = [
            name for name in names if start + name.removeprefix(start) not in self._functions
        ]
        if unknown:
            known = sorted(name.removeprefix(start) for name in self._functions)
            raise CommandError(
                f"the stack has no function {', '.join(unknown)}; it has {', '.join(known)}"
            )

    def obstacle(self, letter: DeadLetter) -> str:
        """Return why the event cannot be redelivered; "" when it can.

        A message names the function. The right to write to the queue must not become the right to
        call another project's function with the user's permissions.
        """
        if not letter.event:
            return "it is of no sender that this command knows; --discard ID deletes it"
        if not letter.function:
            return f"no function is subscribed to {letter.topic} with this queue"
        if _name(letter.function) not in self._functions:
            return f"{letter.function} is not a function of this stack"
        return ""

    def hand_over(self, one: Received) -> str:
        """Call the function again with its event. Returns "" once it accepted the event, else the
        reason.
        """
        try:
            self.services.client("lambda").invoke(
                FunctionName=one.letter.function, InvocationType="Event", Payload=one.letter.event
            )
        except ClientError as error:
            return command_error(error, self.services.endpoint_url).message
        self.discard(one)
        return ""

    def discard(self, one: Received) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=one.receipt)

    @property
    def _sqs(self) -> Any:
        return self.services.client("sqs")

    @property
    def _url(self) -> str:
        return self.stack.dead_letter_queue

    def _receive(self, found: dict[str, Received]) -> None:
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=HELD,
                WaitTimeSeconds=1,  # queries all SQS servers; without it some are left out
                AttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            before = len(found)
            for message in messages:
                found[message["MessageId"]] = Received(
                    read_letter(message), message["ReceiptHandle"]
                )
            if len(found) == before:  # none is left, or HELD has passed and messages come again
                return

    def _let_go(self, receipts: Sequence[str]) -> None:
        for start in range(0, len(receipts), BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(receipts[start : start + BATCH])
            ]
            # A message deleted meanwhile is reported under Failed, not as an error.
            self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def _with_function(self, one: Received) -> Received:
        letter = one.letter
        if letter.function or not letter.topic:
            return one
        found = letter.model_copy(update={"function": self._subscriber(letter.topic)})
        return Received(found, one.receipt)

    def _subscriber(self, topic: str) -> str:
        """Return the function whose subscription has this queue; "" when there is none."""
        if topic not in self._subscribers:
            self._subscribers[topic] = self._find_subscriber(topic)
        return self._subscribers[topic]

    def _find_subscriber(self, topic: str) -> str:
        sns, queue = self.services.client("sns"), self._url.rsplit("/", 1)[-1]
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        for page in pages:
            for one in page["Subscriptions"]:
                if one["Protocol"] != "lambda":
                    continue
                arn = one["SubscriptionArn"]
                attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
                if f':{queue}"' in attributes.get("RedrivePolicy", ""):
                    return str(one["Endpoint"])
        return ""


def chosen(
    held: Sequence[Received], ids: Sequence[str], functions: Sequence[str], stack: str
) -> tuple[Received, ...]:
    """Return the messages whose id begins with one of ``ids`` and whose function is one of
    ``functions``.

    An empty list means all. A function is named with or without the stack's prefix. Raises
    CommandError for an id that no message has.
    """
    unknown = [text for text in ids if not any(one.letter.id.startswith(text) for one in held)]
    if unknown:
        raise CommandError(
            f"no message's id begins with {', '.join(unknown)}: `wharf redrive --list` shows them"
        )
    return tuple(
        one
        for one in held
        if (not ids or one.letter.id.startswith(tuple(ids)))
        and (
            not functions
            or {short_name(one.letter, stack), _name(one.letter.function)} & {*functions}
        )
    )


def short_name(letter: DeadLetter, stack: str) -> str:
    """Return the function's name as in `wharf logs`: without the stack's prefix."""
    return _name(letter.function).removeprefix(f"{stack}-") or "unknown"


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]
