"""The laptop's cloud, from one kill to the next, and the team that works with it."""

import json
import os
import random
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.chaos.callers import Line
from tests.chaos.pushes import Commits, Kind, Pushed
from tests.chaos.timeline import Timeline
from tests.release import laptop as laptops
from tests.release.laptop import PROJECT, Laptop
from tests.release.team import Team
from tests.waiting import has_ended, patience, until

STARTUP = 5  # seconds until a server that is never healthy counts as failed
SHORT_WAITS = {"WHARF_SWEEP_AFTER_SECONDS": "2", "WHARF_LOST_PUSH_AFTER_SECONDS": "20"}
SWEPT = ("resume-release", "start-release")
NO_LINE = Line(0, None, "")


def with_short_waits(template: dict[str, Any]) -> None:
    """The sweep's minutes as seconds."""
    for resource in template["Resources"].values():
        variables = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
        variables.update({n: v for n, v in SHORT_WAITS.items() if n in variables})


class World:
    """``pushed``, ``stopped`` and ``killed`` are those of the cloud's present life."""

    def __init__(
        self, folder: Path, assembly: Path, chance: random.Random, timeline: Timeline
    ) -> None:
        self.folder = folder
        self.chance = chance
        self.timeline = timeline
        self.life = 0
        self.line = NO_LINE
        self.pushed: list[Pushed] = []
        self.stopped: set[str] = set()
        self.killed: Counter[str] = Counter()
        self.notifications: list[str] = []
        self.orphans: list[str] = []
        self.earlier: list[Pushed] = []
        self._assembly = laptops.changed(assembly, folder / "cdk.out", with_short_waits)
        self._begin()
        self.commits = Commits(chance, self.team.repository)

    @property
    def laptop(self) -> Laptop:
        return self.team.laptop

    def push(self, kind: Kind | None = None) -> Pushed:
        kind, number, model, files = self.commits.next(kind)
        commit = self.team.commit(f"{number}: {kind.name}", files)
        pushed = Pushed(commit, kind, number, model)
        self.pushed.append(pushed)
        self.timeline.say(f"push {number}, {commit[:7]}: {kind.name}")
        self.team.push()
        return pushed

    def sweep(self) -> None:
        """The schedules of the template, as if time ran faster."""
        event = json.dumps(
            {
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "time": "2026-01-01T00:00:00Z",
            }
        )
        for name in SWEPT:
            self.laptop.client("lambda").invoke(
                FunctionName=function_name(name), InvocationType="Event", Payload=event
            )

    def read_inbox(self) -> None:
        self.notifications += self.team.notifications()

    def kill_cloud(self) -> None:
        """As a lost machine: nothing may live on, and what the cloud kept in memory is gone."""
        children = self.laptop.children()
        self.line = NO_LINE
        self.laptop.process.send_signal(signal.SIGKILL)
        self.laptop.process.wait()
        self.timeline.say(f"the cloud was killed, with {len(children)} processes")
        with suppress(AssertionError):
            until(lambda: all(map(has_ended, children)), "their end", seconds=20)
        self.orphans += [
            f"{command} outlived the cloud that started it"
            for pid, command in children.items()
            if not has_ended(pid)
        ]
        self.laptop.log.rename(self.folder / f"cloud-{self.life}.log")
        self.earlier += self.pushed
        self.pushed, self.stopped, self.killed = [], set(), Counter()
        self.notifications.clear()
        repository = self.team.repository
        self._begin(repository)
        self.team.request(f"the cloud's life {self.life}")

    def _begin(self, repository: Path | None = None) -> None:
        self.life += 1
        startup = {"WHARF_STARTUP_TIMEOUT": str(patience(STARTUP))}
        laptop = laptops.start(self.folder / "cloud", self._assembly, startup)
        self.team = Team(laptop, repository or self.folder / "repository")
        if repository is None:
            self.team.set_up()
        else:
            self.team.prepare()
        self.timeline.say(f"life {self.life} of the cloud: {laptop.state.url}")
        self.line = Line(self.life, caller_client(laptop), self.team.outputs["EndpointName"])


def function_name(module: str) -> str:
    return f"modelwharf-{PROJECT}-{module}"


def caller_client(laptop: Laptop) -> Any:
    """It asks once: boto3's own retries would hide a failure."""
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=laptop.state.url,
        region_name=laptop.state.region,
        aws_access_key_id=laptop.key.access_key_id,
        aws_secret_access_key=laptop.key.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}),
    )


def functions(laptop: Laptop) -> dict[int, str]:
    """Processes of functions: pid → module, as ``train-model``."""
    prefix = function_name("")
    found = {
        pid: line.split()[-1] for pid, line in laptop.children().items() if "runtime.py" in line
    }
    return {pid: name.removeprefix(prefix) for pid, name in found.items()}


def kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
