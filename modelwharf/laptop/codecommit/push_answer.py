"""Report the result of a push to the client: the decision about the trigger's message."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from modelwharf.contracts.laptop import LaptopCloud
from modelwharf.contracts.ledger import message_key
from modelwharf.contracts.names import stack_name

INTERVAL = 0.2  # seconds between checks
DEADLINE = 10.0  # seconds; a cold function takes 2 or 3 s on a busy machine
LATER = (
    "The push arrived, but whether it starts a release is not decided yet. See it: wharf releases"
)

Client = Callable[[str], Any]


def tell(
    cloud: LaptopCloud,
    client: Client,
    repository: str,
    messages: Sequence[str],
    write: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Write which release each message started, or why it started none.

    A repository other than the project's starts no release, and nothing is written for it.
    """
    table = _ledger(cloud, client("cloudformation"), repository) if messages else None
    if table is None:
        return
    for message in messages:
        key = {"pk": {"S": message_key(cloud.project, message)}, "sk": {"S": "decision"}}
        write(_wait(client("dynamodb"), table, key, sleep))


def _ledger(cloud: LaptopCloud, cloudformation: Any, repository: str) -> str | None:
    try:
        stacks = cloudformation.describe_stacks(StackName=stack_name(cloud.project))["Stacks"]
    except ClientError:
        return None
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stacks[0].get("Outputs", [])}
    return outputs.get("LedgerTable") if outputs.get("RepositoryName") == repository else None


def _wait(dynamodb: Any, table: str, key: Mapping[str, Any], sleep: Callable[[float], None]) -> str:
    for _ in range(int(DEADLINE / INTERVAL)):
        item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        # Wait until the decision was carried out: the release exists only then.
        if item and "done" in item:
            return in_words(json.loads(item["decision"]["S"]))
        sleep(INTERVAL)
    return LATER


def in_words(decision: Mapping[str, Any]) -> str:
    """A row of the ledger in the words of `wharf push`."""
    release, skip = decision.get("release"), decision.get("skip")
    if release:
        name = release["release_id"]
        return f"started release {name}\nWatch it: wharf show {name} --follow"
    return f"no release: {skip['reason']}" if skip else LATER
