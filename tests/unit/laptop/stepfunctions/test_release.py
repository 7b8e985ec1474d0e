"""The committed release, run by the interpreter in a world of scripted functions."""

import json
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelwharf.contracts.release import ReleaseDocument
from modelwharf.contracts.states import BUILD_IMAGES, RELEASE, every_state
from modelwharf.laptop.stepfunctions import substitute
from tests.unit.laptop.stepfunctions.world import Event, FunctionError, World

DEFINITION = Path(__file__).parents[4] / "statemachine" / "release.asl.json"
TIMEOUTS = {"build": 60, "prepare": 60, "train": 60, "approve": 60, "deploy": 60}
TRIGGER = {
    "source": "push",
    "commit": "a" * 40,
    "branch": "main",
    "data_versions": {"wti": "v1"},
    "parameter_versions": {"data": 1},
}
BUILDS = {branch.name for branch in BUILD_IMAGES.branches.values()}
SECTIONS = {
    "CheckQuality": ("quality", {"passed": True, "metrics": {}, "reasons": []}),
    "RegisterModel": ("model_package", {"arn": "arn:p", "version": 1, "artifact": "s3://a/kept"}),
    "VerifyEndpoint": (
        "verification",
        {"requests": 1, "largest_difference": 0.0, "tolerance": 1e-6, "checked": "holdout"},
    ),
    "PromoteModel": (
        "promotion",
        {
            "champion": "r-1",
            "previous_champion": None,
            "removal": {"removed": [], "left": ""},
        },
    ),
}
ANSWERS: dict[str, dict[str, Any]] = {
    "PrepareData": {"uri": "s3://a/data/", "job": "prepare"},
    "TrainModel": {
        "job": "train",
        "artifact": "s3://a/model.tar.gz",
        "artifact_version": "v1",
        "output": None,
        "metrics": {},
        "seconds": 1,
    },
    "RequestApproval": {"decision": "approved", "by": "ada"},
    "DeployModel": {"endpoint": "e", "config": "c", "model": "m", "previous_config": None},
    "RollBack": {"stopped": ["train"], "endpoint": "untouched"},
}


@dataclass
class Functions:
    """Every function of one release; ``broken`` always fail, ``once`` the first time."""

    committed: "Committed"
    approval: str = "automatic"
    broken: dict[str, Exception] = field(default_factory=dict)
    once: dict[str, Exception] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    tell: Callable[[str, Event], None] | None = None
    """Given the event of a waiting function instead of the answer being sent at once."""

    def start(self) -> str:
        """Start the release; return its execution's ARN."""
        release_id = f"r-{uuid.uuid4().hex[:16]}"
        self.committed.running[release_id] = self
        document = {"release_id": release_id, "project": "oil-price", "trigger": TRIGGER}
        return self.committed.world.start(self.committed.machine, document)

    def call(self, name: str, event: Event) -> Any:
        self.called.append(name)
        if name in self.once:
            raise self.once.pop(name)
        if name in self.broken:
            raise self.broken[name]
        if "task_token" not in event:
            return self.answer(name, event)
        (self.tell or self.send)(name, event)
        return None

    def answer(self, name: str, document: Event) -> Event:
        if name == "Resolve":
            return {**document, "plan": plan(self.approval)}
        if name in SECTIONS:
            section, content = SECTIONS[name]
            return {**document, section: content}
        return document

    def send(self, name: str, event: Event) -> None:
        self.committed.world.states.send_task_success(
            taskToken=event["task_token"], output=json.dumps(answer_to(name, event))
        )


def answer_to(name: str, event: Event) -> Event:
    if name != "BuildImage":
        return ANSWERS[name]
    return {"uri": f"ecr/{event['kind']}", "digest": "sha256:0", "tag": "src-0", "built": True}


def plan(approval: str) -> Event:
    image = {
        "repository": "r",
        "dockerfile": "Dockerfile",
        "tag": "src-0",
        "base_image": "python",
        "platform": "linux/amd64",
    }
    return {
        "source": {},
        "data": {},
        "training": {},
        "quality": {},
        "deployment": {"approval": approval},
        "notifications": {},
        "images": {"training": image, "inference": image},
        "timeouts": TIMEOUTS,
    }


class Committed:
    """The committed machine: made once, for that takes longer than a release."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.running: dict[str, Functions] = {}  # by the release's id
        text = DEFINITION.read_text()
        names = set(re.findall(r"\$\{(\w+)FunctionArn\}", text))
        arns = {f"{name}FunctionArn": world.function(self._handler(name)) for name in names}
        self.machine = world.machine(substitute(text, arns))

    def _handler(self, name: str) -> Callable[[Event], Any]:
        def handle(event: Event) -> Any:
            release_id = event.get("release", event)["release_id"]
            return self.running[release_id].call(name, event)

        return handle


@pytest.fixture(scope="module")
def committed(world: World) -> Committed:
    return Committed(world)


def run(functions: Functions) -> tuple[dict[str, Any], list[str]]:
    """Run one release; return its description and the states that it entered."""
    world, execution = functions.committed.world, functions.start()
    described = world.end_of(execution)
    return described, entered(world, execution)


def entered(world: World, execution: str) -> list[str]:
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in world.history(execution)
        if "stateEnteredEventDetails" in event
    ]


def test_a_release_succeeds_and_its_document_is_whole(committed: Committed) -> None:
    described, states = run(Functions(committed))
    assert described["status"] == "SUCCEEDED"
    names = [one.name for one in RELEASE]
    names[names.index("Approve")] = "ApprovalRequired"
    passed = [name for name in states if name not in BUILDS]
    assert passed == [*names, "NotifySuccess", "Released"]
    document = ReleaseDocument.model_validate_json(described["output"])
    assert document.images is not None
    assert document.images.training.uri == "ecr/training"
    assert document.images.inference.uri == "ecr/inference"
    assert document.approval is None
    assert document.promotion is not None


def test_a_manual_approval_is_asked_for_before_the_deployment(committed: Committed) -> None:
    described, states = run(Functions(committed, approval="manual"))
    assert states.index("Register") < states.index("Approve") < states.index("Deploy")
    document = ReleaseDocument.model_validate_json(described["output"])
    assert document.approval is not None
    assert document.approval.by == "ada"


FAILURES = {
    state.function: "AccessDenied" for state in every_state() if "Notify" not in state.name
} | {
    "Resolve": "InvalidParameter",
    "BuildImage": "BuildFailed",
    "PrepareData": "DataRejected",
    "TrainModel": "TrainingFailed",
    "CheckQuality": "QualityBelowThreshold",
    "RequestApproval": "ApprovalRejected",
    "DeployModel": "DeploymentFailed",
    "VerifyEndpoint": "VerificationFailed",
}
del FAILURES["RollBack"]  # it comes after a failure, and is tried below


@pytest.mark.parametrize(("function", "error"), FAILURES.items())
def test_a_failure_rolls_back_notifies_and_ends_failed_with_its_own_reason(
    committed: Committed, function: str, error: str
) -> None:
    broken: dict[str, Exception] = {function: FunctionError(error, "the reason")}
    functions = Functions(committed, approval="manual", broken=broken)
    described, states = run(functions)
    assert (described["status"], described["error"]) == ("FAILED", error)
    assert json.loads(described["cause"])["errorMessage"] == "the reason"
    assert states[-4:] == ["RollBack", "NotifyFailure", "Overtaken", "Failed"]


def test_a_release_that_was_overtaken_is_undone_and_ends_well(committed: Committed) -> None:
    overtaken: dict[str, Exception] = {"DeployModel": FunctionError("Superseded", "a later one")}
    described, states = run(Functions(committed, broken=overtaken))
    assert described["status"] == "SUCCEEDED"
    assert states[-4:] == ["RollBack", "NotifyFailure", "Overtaken", "Superseded"]
    assert json.loads(described["output"])["failure"]["Error"] == "Superseded"


def test_a_failure_that_is_sent_keeps_its_plain_cause(committed: Committed) -> None:
    def tell(name: str, event: Event) -> None:
        if name == "TrainModel":
            committed.world.states.send_task_failure(
                taskToken=event["task_token"], error="TrainingFailed", cause="exit code 1"
            )
        else:
            functions.send(name, event)

    functions = Functions(committed, tell=tell)
    described, _ = run(functions)
    assert (described["error"], described["cause"]) == ("TrainingFailed", "exit code 1")


def test_a_failed_rollback_hides_nothing(committed: Committed) -> None:
    broken: dict[str, Exception] = {
        "VerifyEndpoint": FunctionError("VerificationFailed", "differs"),
        "RollBack": FunctionError("AccessDenied", "may not"),
    }
    functions = Functions(committed, broken=broken)
    described, states = run(functions)
    assert described["error"] == "VerificationFailed"
    assert states[-3:] == ["NotifyFailure", "Overtaken", "Failed"]


def test_a_failure_that_cannot_be_reported_is_still_a_failure_with_its_reason(
    committed: Committed,
) -> None:
    broken: dict[str, Exception] = {
        "TrainModel": FunctionError("TrainingFailed", "exit code 1"),
        "Notify": FunctionError("AccessDenied", "may not publish"),
    }
    described, _ = run(Functions(committed, broken=broken))
    assert described["error"] == "TrainingFailed"


def test_a_success_that_cannot_be_reported_rolls_nothing_back(committed: Committed) -> None:
    broken: dict[str, Exception] = {"Notify": FunctionError("AccessDenied", "may not publish")}
    functions = Functions(committed, broken=broken)
    described, states = run(functions)
    assert described["status"] == "SUCCEEDED"
    assert states[-1] == "Released"
    assert "RollBack" not in functions.called
    assert ReleaseDocument.model_validate_json(described["output"]).failure is None


def test_a_function_that_was_killed_is_called_again(committed: Committed) -> None:
    functions = Functions(
        committed, once={"TrainModel": FunctionError("Runtime.ExitError", "killed")}
    )
    described, _ = run(functions)
    assert described["status"] == "SUCCEEDED"
    assert functions.called.count("TrainModel") == 2


def test_an_error_of_the_model_is_not_tried_again(committed: Committed) -> None:
    broken: dict[str, Exception] = {"PrepareData": FunctionError("DataRejected", "a gap")}
    functions = Functions(committed, broken=broken)
    run(functions)
    assert functions.called.count("PrepareData") == 1


def history_length(committed: Committed, training: float) -> int:
    """The number of events in the history of a release whose training takes so many seconds."""

    def tell(name: str, event: Event) -> None:
        delay = training if name == "TrainModel" else 0.0
        threading.Timer(delay, functions.send, (name, event)).start()

    functions = Functions(committed, tell=tell)
    execution = functions.start()
    described = committed.world.end_of(execution)
    assert described["status"] == "SUCCEEDED"
    assert (described["stopDate"] - described["startDate"]).total_seconds() >= training
    return len(committed.world.history(execution))


def test_transitions_do_not_grow_with_the_length_of_a_wait(committed: Committed) -> None:
    """Nothing polls: the execution is silent from the job's start to its answer."""
    assert history_length(committed, training=0.0) == history_length(committed, training=0.3)
