"""One order of releases: whatever comes when, twice, late or killed, the newest serves at last.

Every time in here is equal: EventBridge's have whole seconds, and no clock may decide.
"""

import json
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lambdas.endpoint_rows import Champion
from lambdas.errors import ServiceFault, Superseded
from lambdas.handlers.deploy_model import refuse_if_superseded
from lambdas.handlers.start_release import start_release
from modelwharf.contracts.release import ReleaseDocument
from tests.unit.lambdas.conftest import World, connect, new_world
from tests.unit.lambdas.kills import Killed
from tests.unit.lambdas.turns import Run

TIME = "2026-11-21T09:00:00Z"
PATHS = (
    "modelwharf/__init__.py",
    "modelwharf/artifact/a.py",
    "modelwharf/serving/a.py",
    "training/a.py",
    "inference/a.py",
)
DOCKERFILES = ("containers/training/Dockerfile", "containers/inference/Dockerfile")
ANY = st.integers(min_value=0, max_value=1000)
CALLS = st.sampled_from([2, 3, 4, 6, 10, 100, 100])  # the first five read; all are some 20


class Releases(RuleBasedStateMachine):
    """A team that pushes and uploads, messages, and functions that run at once."""

    @initialize()
    def begin(self) -> None:
        self.world = new_world(connect())
        self.messages: list[str] = []
        self.pending: set[int] = set()
        self.runs: list[tuple[int, Run]] = []
        self.commits = 0
        self.uploads: list[str] = []
        self.highest = 0
        self.upload()
        self.push()

    # The team

    @rule()
    def push(self) -> None:
        self.commits += 1
        commit = f"{self.commits:040x}"
        files = dict.fromkeys((*PATHS, *DOCKERFILES), commit)
        self.world.codecommit.commits[commit] = files
        self.move_to(commit)

    @rule(which=ANY)
    def set_back(self, which: int) -> None:
        """A forced push of an earlier commit."""
        known = list(self.world.codecommit.commits)
        self.move_to(known[which % len(known)])

    def move_to(self, commit: str) -> None:
        if self.world.codecommit.branches.get("main") == commit:
            return  # git tells of no push that moves nothing
        self.world.codecommit.branches["main"] = commit
        reference = {"commit": commit, "ref": "refs/heads/main"}
        self.send({"Records": [{"codecommit": {"references": [reference]}}]})

    @rule()
    def upload(self) -> None:
        put = self.world.s3.put_object(Bucket="data", Key="series/wti.csv", Body=b"Date,Price")
        self.uploads.append(put["VersionId"])
        detail = {"bucket": {"name": "data"}, "object": {"key": "series/wti.csv"}}
        self.send({"detail-type": "Object Created", "detail": detail})

    def send(self, message: dict[str, Any]) -> None:
        self.pending.add(len(self.messages))
        self.messages.append(json.dumps(message))

    # The functions

    @rule(which=ANY, calls=CALLS)
    def deliver(self, which: int, calls: int) -> None:
        """Any message, at any time, as often as it likes; the function gets so far."""
        number = which % len(self.messages)
        run = self.run(number)
        for _ in range(calls):
            run.step()
        self.look_at(number, run)

    def run(self, number: int) -> Run:
        text, name = self.messages[number], f"message-{number}"
        started = Run(self.world, lambda runtime: start_release(runtime, text, TIME, name))
        self.runs.append((number, started))
        return started

    @precondition(lambda self: self.runs)
    @rule(which=ANY, calls=CALLS)
    def step(self, which: int, calls: int) -> None:
        number, run = self.runs[which % len(self.runs)]
        for _ in range(calls):
            run.step()
        self.look_at(number, run)

    @precondition(lambda self: self.runs)
    @rule(which=ANY)
    def kill(self, which: int) -> None:
        number, run = self.runs[which % len(self.runs)]
        run.kill()
        self.look_at(number, run)

    def look_at(self, number: int, run: Run) -> None:
        if not run.ended:
            return
        self.runs.remove((number, run))
        if run.failure is None:
            self.pending.discard(number)
        elif not isinstance(run.failure, Killed | ServiceFault):
            raise run.failure

    # The releases

    @rule(which=ANY)
    def deploy(self, which: int) -> None:
        waiting = [d for d in self.documents() if self.status(d) == "RUNNING"]
        if waiting:
            self.end(waiting[which % len(waiting)])

    def end(self, document: ReleaseDocument) -> None:
        """Deploy and Promote, as far as the order has a say in them."""
        self.world.stepfunctions.executions[document.release_id]["status"] = "SUCCEEDED"
        ledger = self.world.runtime.ledger
        try:
            refuse_if_superseded(self.world.runtime, document)
        except Superseded:
            return
        before = ledger.champion("oil-price")
        champion = Champion(
            release_id=document.release_id,
            config="config",
            model_package="package",
            order=document.trigger.order,
            previous_release=before.release_id if before else None,
            previous_order=before.order if before else 0,
        )
        ledger.put_champion("oil-price", champion)
        assert champion.order > self.highest, "what serves goes back"
        self.highest = champion.order

    def documents(self) -> list[ReleaseDocument]:
        executions = self.world.stepfunctions.executions.values()
        return [ReleaseDocument.model_validate(one["input"]) for one in executions]

    def status(self, document: ReleaseDocument) -> str:
        return str(self.world.stepfunctions.executions[document.release_id]["status"])

    # What must hold

    @invariant()
    def no_two_releases_have_one_place(self) -> None:
        orders = [document.trigger.order for document in self.documents()]
        assert len(set(orders)) == len(orders)
        assert 0 not in orders

    @invariant()
    def what_comes_later_in_the_order_is_made_of_what_is_newer(self) -> None:
        documents = sorted(self.documents(), key=lambda document: document.trigger.order)
        versions = [document.trigger.data_versions["wti"] for document in documents]
        places = [self.uploads.index(version) for version in versions]
        assert places == sorted(places)

    def teardown(self) -> None:
        """Everything arrives at last: what is the newest then serves."""
        if not hasattr(self, "world"):
            return
        for number, run in list(self.runs):
            run.finish()
            self.look_at(number, run)
        while self.pending:
            number = min(self.pending)
            run = self.run(number)
            run.finish()
            self.look_at(number, run)
        for document in self.documents():
            if self.status(document) == "RUNNING":
                self.end(document)
        self.the_newest_serves()

    def the_newest_serves(self) -> None:
        champion = self.world.runtime.ledger.champion("oil-price")
        assert champion is not None
        [serving] = [d for d in self.documents() if d.release_id == champion.release_id]
        assert serving.trigger.commit == self.world.codecommit.branches["main"]
        assert serving.trigger.data_versions == {"wti": self.uploads[-1]}


TestReleases = Releases.TestCase
TestReleases.settings = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_a_function_that_stood_still_while_others_went_on_looks_again(world: World) -> None:
    """It had taken its number before the other one, and reads what came after that one ended."""
    world.codecommit.commits["a" * 40] = dict.fromkeys((*PATHS, *DOCKERFILES), "a")
    world.codecommit.branches["main"] = "a" * 40
    world.s3.put_object(Bucket="data", Key="series/wti.csv", Body=b"1")
    message = json.dumps({"source": "request", "reason": "{}"})
    slow = Run(
        world, lambda runtime: start_release(runtime, message.replace("{}", "slow"), TIME, "slow")
    )
    while world.runtime.ledger._get({"pk": "project#oil-price", "sk": "order"}) is None:
        slow.step()
    start_release(world.runtime, message.replace("{}", "quick"), TIME, "quick")
    newest = world.s3.put_object(Bucket="data", Key="series/wti.csv", Body=b"2")["VersionId"]
    slow.finish()
    quick, late = (
        ReleaseDocument.model_validate(one["input"])
        for one in world.stepfunctions.executions.values()
    )
    assert late.trigger.data_versions == {"wti": newest} != quick.trigger.data_versions
    assert late.trigger.order > quick.trigger.order
