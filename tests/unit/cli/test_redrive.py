"""`wharf redrive`: what lies in the dead-letter queue, and how it goes on."""

import json
from typing import Any

import pytest

from tests.unit.cli.conftest import Terminal
from tests.unit.cli.dead_letters import (
    CHANGES,
    NOTIFICATION,
    PUSH_EVENT,
    START_RELEASE,
    lost_call,
)
from tests.unit.cli.fakes import refusal

ARRIVED = {
    "detail-type": "Object Created",
    "source": "aws.s3",
    "detail": {"bucket": {"name": "data"}, "object": {"key": "wti.csv"}},
}
WHY_NOT_DELIVERED = {
    "RULE_ARN": "arn:aws:events:eu-west-1:123456789012:rule/arrived",
    "TARGET_ARN": START_RELEASE,
    "ERROR_CODE": "NO_PERMISSIONS",
    "ERROR_MESSAGE": "not authorized",
    "RETRY_ATTEMPTS": "0",
}


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    """A queue with one message of each sender."""
    queue = terminal.cloud.queue
    queue.put("aaaa-1", lost_call(START_RELEASE, PUSH_EVENT))
    queue.put("bbbb-2", ARRIVED, 10, **WHY_NOT_DELIVERED)
    queue.put("cccc-3", NOTIFICATION, 20)
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead-letters"})
    name = START_RELEASE.rpartition(":")[2]
    terminal.cloud.topic.subscriptions = {"their-own": {}, name: {"RedrivePolicy": policy}}
    return terminal


def calls(terminal: Terminal) -> list[tuple[str, Any]]:
    return terminal.cloud.functions.calls


def test_each_event_goes_to_its_function_exactly_as_it_was_first_sent(terminal: Terminal) -> None:
    result = terminal.wharf("redrive")

    assert result.exit_code == 0, result.output
    assert calls(terminal) == [
        (START_RELEASE, PUSH_EVENT),
        (START_RELEASE, ARRIVED),
        (START_RELEASE, PUSH_EVENT),
    ]
    assert terminal.cloud.queue.messages == {}
    assert "3 of 3" in result.stdout


def test_the_list_says_what_when_why_and_how_often_and_touches_nothing(terminal: Terminal) -> None:
    result = terminal.wharf("redrive", "--list")

    assert result.exit_code == 0, result.output
    first, why, second, _, third, _, hint = result.stdout.splitlines()
    assert first.startswith("aaaa-1  2026-11-21 ")
    assert first.endswith("  start-release  push of main c0ffee000000")
    assert why == "  tried 3 times: Runtime.ExitError: signal: killed"
    assert second.endswith("new data s3://data/wti.csv")
    assert third.endswith("  start-release  push of main c0ffee000000")
    assert "`wharf redrive` hands them over" in hint
    assert "`wharf redrive --discard ID` deletes" in hint
    assert (calls(terminal), terminal.cloud.queue.hidden) == ([], set())
    assert len(terminal.cloud.queue.messages) == 3


def test_a_dry_run_says_what_would_be_done_and_does_nothing(terminal: Terminal) -> None:
    result = terminal.wharf("redrive", "aaaa", "--dry-run")

    assert "would be handed to start-release again" in result.stdout
    assert (calls(terminal), len(terminal.cloud.queue.messages)) == ([], 3)


def test_json_holds_everything_of_a_message(terminal: Terminal) -> None:
    (message,) = terminal.json("redrive", "bbbb-2")["messages"]

    assert message == {
        "id": "bbbb-2",
        "lost": message["lost"],
        "function": START_RELEASE,
        "topic": "",
        "what": "new data s3://data/wti.csv",
        "why": "NO_PERMISSIONS: not authorized",
        "tries": 1,
        "event": json.dumps(ARRIVED),
        "outcome": "handed-over",
        "obstacle": "",
    }


def test_a_message_stays_when_its_function_does_not_take_it(terminal: Terminal) -> None:
    terminal.cloud.functions.refusal = refusal(
        "TooManyRequestsException", "Rate Exceeded.", "Invoke"
    )

    result = terminal.wharf("redrive", "aaaa-1")

    assert result.exit_code == 1
    assert "left in the queue: Invoke was refused: TooManyRequestsException" in result.stdout
    assert "aaaa-1" in terminal.cloud.queue.messages
    assert terminal.cloud.queue.hidden == set()


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (("bbbb-2",), {"aaaa-1", "cccc-3"}),
        (("--since", "45s"), {"aaaa-1", "bbbb-2"}),
        (("--function", "start-release"), set()),
        (("--function", "train-model"), {"aaaa-1", "bbbb-2", "cccc-3"}),
    ],
)
def test_a_filter_leaves_the_others_in_the_queue(
    terminal: Terminal, options: tuple[str, ...], left: set[str]
) -> None:
    assert terminal.wharf("redrive", *options).exit_code == 0

    assert set(terminal.cloud.queue.messages) == left
    assert terminal.cloud.queue.hidden <= {"aaaa-1", "bbbb-2", "cccc-3"} - left


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            lost_call("arn:aws:lambda:eu-west-1:123456789012:function:payroll", {}),
            "is not a function of",
        ),
        ({"TopicArn": f"{CHANGES}-other", "Message": "m"}, "no function is subscribed to"),
        ("not JSON", "--discard ID deletes it"),
    ],
)
def test_what_belongs_to_no_function_of_the_stack_is_left_and_said(
    terminal: Terminal, message: Any, words: str
) -> None:
    terminal.cloud.queue.put("dddd-4", message)
    terminal.cloud.topic.subscriptions = {}

    result = terminal.wharf("redrive", "dddd")

    assert result.exit_code == 1
    assert words in result.stdout
    assert calls(terminal) == []
    assert "dddd-4" in terminal.cloud.queue.messages


def test_discarding_deletes_the_named_messages_alone(terminal: Terminal) -> None:
    assert terminal.wharf("redrive", "--discard").exit_code == 2

    result = terminal.wharf("redrive", "--discard", "cccc")

    assert (result.exit_code, calls(terminal)) == (0, [])
    assert set(terminal.cloud.queue.messages) == {"aaaa-1", "bbbb-2"}


def test_an_unknown_id_is_refused_by_name_and_nothing_is_handed_over(terminal: Terminal) -> None:
    result = terminal.wharf("redrive", "aaaa", "zzzz")

    assert result.exit_code == 1
    assert "no message's id begins with zzzz: `wharf redrive --list`" in result.stderr
    assert (calls(terminal), terminal.cloud.queue.hidden) == ([], set())


def test_an_empty_queue_is_fine_and_one_held_elsewhere_is_said(terminal: Terminal) -> None:
    terminal.cloud.queue.messages.clear()

    assert "no event is lost" in terminal.wharf("redrive").stdout

    terminal.cloud.queue.held_elsewhere = 2
    assert "another `wharf redrive` holds 2 messages" in terminal.wharf("redrive").stdout


def test_a_function_that_the_stack_does_not_have_is_refused_with_those_it_has(
    terminal: Terminal,
) -> None:
    result = terminal.wharf("redrive", "--function", "nope", "--function", "start-release")

    assert result.exit_code == 1
    assert "the stack has no function nope; it has " in result.stderr
    assert "start-release" in result.stderr
    assert len(terminal.cloud.queue.messages) == 3
