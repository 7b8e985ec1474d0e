"""What is there once all is quiet, as the cloud's own APIs tell it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.chaos.callers import Calls
from tests.chaos.pushes import Pushed
from tests.chaos.world import World
from tests.release.team import Execution

OVER = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class Release:
    """An execution that has ended, and the commit and the order it was started with."""

    name: str
    commit: str
    order: int
    status: str
    last_state: str
    error: str
    reason: str

    @property
    def serves(self) -> bool:
        """Whether it was promoted; an overtaken release succeeds, too."""
        return self.status == "SUCCEEDED" and self.last_state == "Released"


@dataclass(frozen=True)
class Evidence:
    pushed: tuple[Pushed, ...]
    releases: tuple[Release, ...]
    skipped: dict[str, str]
    """Commit → the reason that people were told."""
    stopped: frozenset[str]
    notifications: tuple[str, ...]
    calls: Calls
    answer: float | None
    """The endpoint's, at the end."""
    left_behind: tuple[str, ...] = ()
    earlier: tuple[Pushed, ...] = field(default=())
    """Of the cloud's earlier lives: their models may have answered."""


def gather(world: World, calls: Calls) -> Evidence:
    world.read_inbox()
    releases = tuple(_release(world, name) for name in world.team.executions())
    return Evidence(
        pushed=tuple(world.pushed),
        releases=releases,
        skipped=dict(_skipped(world)),
        stopped=frozenset(world.stopped),
        notifications=tuple(world.notifications),
        calls=calls,
        answer=_answer(world),
        left_behind=(*world.orphans, *_left_behind(world, releases)),
        earlier=tuple(world.earlier),
    )


def unfinished(world: World) -> list[str]:
    """What is still under way, or lies in the dead-letter queue."""
    found = [f"execution {name} runs" for name in world.team.executions("RUNNING")]
    found += [f"{row['pk']} {row['sk']} waits" for row in _rows(world) if "waiting" in row]
    found += [f"job {job} runs" for job in _running_jobs(world)]
    status = _endpoint_status(world)
    if status not in (None, "InService"):
        found.append(f"the endpoint is {status}")
    known = {release["commit"] for release in map(_wished, _inputs(world))}
    known |= {commit for commit, _ in _skipped(world)}
    found += [
        f"nobody has considered push {p.number}" for p in world.pushed if p.commit not in known
    ]
    lost = lost_events(world)
    return found + ([f"{lost} events in the dead-letter queue"] if lost else [])


def lost_events(world: World) -> int:
    """How many lie in the dead-letter queue."""
    answer = world.laptop.client("sqs").get_queue_attributes(
        QueueUrl=world.team.outputs["DeadLetterQueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    return int(answer["ApproximateNumberOfMessages"]) + int(
        answer["ApproximateNumberOfMessagesNotVisible"]
    )


def _release(world: World, name: str) -> Release:
    ended: Execution = world.team.end(name)
    trigger = _wished(_input(world, name))
    return Release(
        name=name,
        commit=trigger["commit"],
        order=trigger["order"],
        status=ended.status,
        last_state=ended.events[-2].get("stateExitedEventDetails", {}).get("name", ""),
        error=ended.error,
        reason=ended.reason,
    )


def _input(world: World, name: str) -> dict[str, Any]:
    client = world.laptop.client("stepfunctions")
    document: dict[str, Any] = json.loads(
        client.describe_execution(executionArn=world.team.arn(name))["input"]
    )
    return document


def _inputs(world: World) -> Iterator[dict[str, Any]]:
    return (_input(world, name) for name in world.team.executions())


def _wished(document: dict[str, Any]) -> dict[str, Any]:
    trigger: dict[str, Any] = document["trigger"]
    return trigger


def _rows(world: World) -> Iterator[dict[str, Any]]:
    pages = world.laptop.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=world.team.outputs["LedgerTable"]):
        for item in page["Items"]:
            yield {name: next(iter(value.values())) for name, value in item.items()}


def _skipped(world: World) -> Iterator[tuple[str, str]]:
    for row in _rows(world):
        if str(row["sk"]).startswith("skipped#"):
            yield str(row["commit"]), str(row["reason"])


def _running_jobs(world: World) -> Iterator[str]:
    sagemaker = world.laptop.client("sagemaker")
    for kind in ("Training", "Processing"):
        pages = sagemaker.get_paginator(f"list_{kind.lower()}_jobs").paginate()
        for page in pages:
            for job in page[f"{kind}JobSummaries"]:
                if job[f"{kind}JobStatus"] not in OVER:
                    yield job[f"{kind}JobName"]
    codebuild = world.laptop.client("codebuild")
    pages = codebuild.get_paginator("list_builds_for_project")
    for page in pages.paginate(projectName=world.team.outputs["BuildProject"]):
        for build in codebuild.batch_get_builds(ids=page["ids"])["builds"] if page["ids"] else ():
            if not build["buildComplete"]:
                yield build["id"]


def _endpoint(world: World) -> dict[str, Any] | None:
    name = world.team.outputs["EndpointName"]
    try:
        found: dict[str, Any] = world.laptop.client("sagemaker").describe_endpoint(
            EndpointName=name
        )
    except ClientError:
        return None
    return found


def _endpoint_status(world: World) -> str | None:
    found = _endpoint(world)
    return None if found is None else str(found["EndpointStatus"])


def _answer(world: World) -> float | None:
    try:
        return float(world.team.ask({"add": 0})["sum"])
    except ClientError:
        return None


def _left_behind(world: World, releases: tuple[Release, ...]) -> Iterator[str]:
    """Leases, and models and configurations of releases that were never promoted; servers."""
    yield from (f"lease of {row['owner']}" for row in _rows(world) if row["sk"] == "lease")
    yield from unfinished(world)
    sagemaker = world.laptop.client("sagemaker")
    names = [one["ModelName"] for one in sagemaker.list_models(MaxResults=100)["Models"]]
    configs = sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
    names += [one["EndpointConfigName"] for one in configs]
    for release in releases:
        if not release.serves:
            yield from (
                f"{name} of a release that never served" for name in names if release.name in name
            )
    servers = [line for line in world.laptop.children().values() if line.endswith(" serve")]
    if len(servers) > 1:
        yield f"{len(servers)} servers, and one endpoint"
    if any(line.endswith(" train") for line in world.laptop.children().values()):
        yield "a training program runs, and no job"
