"""Many clients at once: no walk of a table fails, and what is conditional is decided once."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.dynamodb.models.table import Table as DynamoTable

from modelwharf.laptop import snapshots
from modelwharf.laptop.overrides import as_shipped
from tests.unit.laptop.core.world import World

CLIENTS = 6
ROUNDS = 8


@pytest.fixture
def impatient_threads() -> Iterator[None]:
    """Threads that change places after every few steps, so that a race shows at once."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(*calls: Callable[[int], Any]) -> list[Any]:
    """Run each call for each client, all at the same time; what they gave."""
    with ThreadPoolExecutor(CLIENTS * len(calls)) as pool:
        started = [pool.submit(call, number) for call in calls for number in range(CLIENTS)]
        return [future.result() for future in started]


def tables_named(name: str) -> list[Any]:
    """moto's tables of that name; its metaclass counts the instances of a class."""
    return [one for one in vars(DynamoTable)["instances_tracked"] if one.name == name]


def ledger(world: World) -> str:
    name = world.name("table")
    world.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.mark.usefixtures("impatient_threads")
def test_of_writes_with_one_condition_one_succeeds(world: World) -> None:
    table, client = ledger(world), world.client("dynamodb")
    # A client makes its exceptions at the first look, and two threads would make two of each.
    lost = client.exceptions.ConditionalCheckFailedException

    def claim(number: int) -> int:
        won = 0
        for attempt in range(ROUNDS):
            try:
                client.put_item(
                    TableName=table,
                    Item={"pk": {"S": "lock"}, "sk": {"S": str(attempt)}},
                    ConditionExpression="attribute_not_exists(pk)",
                )
                won += 1
            except lost:
                pass
        return won

    assert sum(at_once(claim)) == ROUNDS


@pytest.mark.usefixtures("impatient_threads")
def test_a_message_is_received_once(world: World) -> None:
    client = world.client("sqs")
    url = client.create_queue(QueueName=world.name("queue"))["QueueUrl"]
    for number in range(CLIENTS * ROUNDS):
        client.send_message(QueueUrl=url, MessageBody=str(number))

    def receive(number: int) -> list[str]:
        answers = (client.receive_message(QueueUrl=url) for _ in range(ROUNDS))
        return [message["Body"] for answer in answers for message in answer.get("Messages", [])]

    bodies = [body for found in at_once(receive) for body in found]
    assert sorted(bodies) == sorted(set(bodies))


@pytest.mark.usefixtures("impatient_threads")
def test_lists_are_read_while_others_write(world: World) -> None:
    topics, streams, rules = world.client("sns"), world.client("logs"), world.client("events")
    streams.create_log_group(logGroupName="/many")

    def write(number: int) -> None:
        for attempt in range(ROUNDS):
            topics.create_topic(Name=f"many-{number}-{attempt}")
            streams.create_log_stream(logGroupName="/many", logStreamName=f"{number}-{attempt}")
            rules.put_rule(Name=f"many-{number}-{attempt}", ScheduleExpression="rate(1 day)")

    def read(number: int) -> None:
        for _ in range(ROUNDS):
            topics.list_topics()
            streams.describe_log_streams(logGroupName="/many")
            rules.list_rules()

    at_once(write, read)  # an answer of 500 raises


def test_a_table_is_walked_as_it_was_when_the_walk_began() -> None:
    for empty in (snapshots.Table(), snapshots.OrderedTable(), snapshots.DefaultTable(list)):
        empty["a"] = empty["b"] = 1
        walks = (empty, empty.keys(), empty.values(), empty.items())
        for walk in walks:
            for number, _ in enumerate(walk):
                empty[f"{len(empty)}-{number}"] = 1
        assert len(empty) == 2 + 4 * 2  # each walk saw the two of its begin


def test_what_a_missing_key_makes_is_a_table_too(world: World) -> None:
    table = ledger(world)
    world.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": "b"}})
    found = tables_named(table)
    assert [type(rows) for rows in found[0].items.values()] == [snapshots.Table]


def test_stock_moto_walks_the_very_dict_that_others_write(world: World) -> None:
    with as_shipped():
        table = ledger(world)
        found = tables_named(table)
        items = found[0].items
        items["a"]["b"] = 1
        with pytest.raises(RuntimeError, match="changed size during iteration"):
            for _ in items.values():
                items["c"]["d"] = 1
