"""The hooks of the laptop's git repositories: ``python -m modelwharf.laptop.codecommit.git_hook``.

The hook before a push refuses it while the cloud is not running, because it would release nothing.
The hook after a push publishes the message of the repository's triggers to their SNS topics and
reports the result.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from modelwharf.contracts.laptop import STATE_FILE, LaptopCloud, LaptopKey
from modelwharf.laptop import formats
from modelwharf.laptop.codecommit import push_answer

HOOKS = ("pre-receive", "post-receive")
PART = 500  # references per message: SNS takes 256 KiB, and a name may have 250 bytes
NO_COMMIT = "0" * 40  # git's id for a reference that did not exist, or was deleted


@dataclass(frozen=True)
class Update:
    """One pushed reference: its commit before and after."""

    before: str
    after: str
    ref: str

    @property
    def event(self) -> str:
        if self.before == NO_COMMIT:
            return "createReference"
        return "deleteReference" if self.after == NO_COMMIT else "updateReference"

    def reference(self) -> dict[str, Any]:
        """The reference in CodeCommit's message. A deleted reference names its last commit."""
        deleted = self.event == "deleteReference"
        found: dict[str, Any] = {
            "commit": self.before if deleted else self.after,
            "ref": self.ref,
        }
        if self.event == "createReference":
            found["created"] = True
        if deleted:
            found["deleted"] = True
        return found


def write_hooks(repository: Path, directory: Path, name: str) -> None:
    """Write both hooks into a bare repository. They work from any working directory."""
    home = Path(__file__).resolve().parents[3]
    folder = repository / "hooks"
    folder.mkdir(exist_ok=True)
    for hook in HOOKS:
        command = [
            sys.executable,
            "-P",
            "-m",
            "modelwharf.laptop.codecommit",
            hook,
            f"--directory={directory.resolve()}",
            f"--repository={name}",
        ]
        path = folder / hook
        path.write_text(
            f"#!/bin/sh\nexec env PYTHONPATH={shlex.quote(str(home))} {shlex.join(command)}\n"
        )
        path.chmod(0o755)
    # Without this, a hooksPath in the user's settings would disable the hooks.
    subprocess.run(
        ["git", "--git-dir", str(repository), "config", "core.hooksPath", str(folder.resolve())],
        check=True,
    )


def running_cloud(directory: Path) -> LaptopCloud | None:
    """The running cloud of this directory; None when its process has ended."""
    try:
        cloud = LaptopCloud.model_validate_json((directory / STATE_FILE).read_text())
        os.kill(cloud.pid, 0)
    except (OSError, ValidationError):
        return None
    return cloud


def read_updates(lines: IO[str]) -> list[Update]:
    return [Update(*line.split(maxsplit=2)) for line in lines.read().splitlines() if line]


def messages(
    trigger: dict[str, Any], updates: Sequence[Update], cloud: LaptopCloud, repository: str
) -> list[str]:
    """The messages that CodeCommit publishes for a trigger; none when the trigger filters them out.

    The format is described in the CodeCommit user guide, "Manage triggers for a repository". An
    update too large for one message, such as a mirror's thousands of tags, is sent in parts.
    """
    wanted = [update for update in updates if _wants(trigger, update)]
    parts = [wanted[start : start + PART] for start in range(0, len(wanted), PART)]
    record = {
        "awsRegion": cloud.region,
        "customData": trigger.get("customData"),
        "eventName": "ReferenceChanges",
        "eventSource": "aws:codecommit",
        "eventSourceARN": formats.arn(
            "codecommit", repository, region=cloud.region, account=cloud.account
        ),
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
        "eventTotalParts": len(parts),
        "eventTriggerConfigId": str(uuid.uuid4()),
        "eventTriggerName": trigger["name"],
        "eventVersion": "1.0",
        "userIdentityARN": f"arn:aws:iam::{cloud.account}:root",
    }
    return [
        json.dumps({"Records": [{**record, **_part(number, part)}]})
        for number, part in enumerate(parts, 1)
    ]


def _part(number: int, updates: Sequence[Update]) -> dict[str, Any]:
    return {
        "codecommit": {"references": [update.reference() for update in updates]},
        "eventId": str(uuid.uuid4()),
        "eventPartNumber": number,
    }


def _wants(trigger: dict[str, Any], update: Update) -> bool:
    if not {"all", update.event} & set(trigger["events"]):
        return False
    branches = trigger.get("branches") or []
    return not branches or update.ref in [f"refs/heads/{branch}" for branch in branches]


def publish(
    cloud: LaptopCloud, client: push_answer.Client, repository: str, updates: Sequence[Update]
) -> list[str]:
    """Publish to the topic of every trigger that wants these updates. Return the messages' ids."""
    codecommit, sns = client("codecommit"), client("sns")
    triggers = codecommit.get_repository_triggers(repositoryName=repository)["triggers"]
    published = []
    for trigger in triggers:
        for text in messages(trigger, updates, cloud, repository):
            subject = f"UPDATE: AWS CodeCommit {cloud.region} push: {repository}"
            answer = sns.publish(
                TopicArn=trigger["destinationArn"], Message=text, Subject=subject[:100]
            )
            published.append(answer["MessageId"])
    return published


def _clients(cloud: LaptopCloud, key: LaptopKey) -> push_answer.Client:
    import boto3  # imported here because the hook before a push must answer at once

    session = boto3.Session(key.access_key_id, key.secret_access_key, region_name=cloud.region)

    def client(service: str) -> Any:
        make: Any = session.client
        return make(service, endpoint_url=cloud.url)

    return client


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="git_hook")
    parser.add_argument("hook", choices=HOOKS)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--repository", required=True)
    given = parser.parse_args(list(words))
    updates = read_updates(sys.stdin)
    cloud = running_cloud(given.directory)
    if cloud is None:
        print(
            "The laptop's cloud is not running, so this push would release nothing.\n"
            "Start it with `wharf up`, then push again."
        )
        return 1
    if given.hook == "post-receive":
        return _after(given.directory, given.repository, cloud, updates)
    return 0


def _after(directory: Path, repository: str, cloud: LaptopCloud, updates: Sequence[Update]) -> int:
    """Report the push. It is done already: git ignores this exit code."""
    try:
        client = _clients(cloud, LaptopKey.read(directory))
        messages = publish(cloud, client, repository, updates)
    except Exception as error:
        print(f"The push is in, but no trigger was published: {error}")
        return 1
    try:
        push_answer.tell(cloud, client, repository, messages, print)
    except Exception as error:
        print(f"The push arrived, but its result cannot be read ({error}). See it: wharf releases")
    return 0
