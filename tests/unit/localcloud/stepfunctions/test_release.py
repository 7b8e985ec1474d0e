"""The committed release, run by the interpreter in a world of scripted functions."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.release import ReleaseDocument
from localcloud.stepfunctions import substitute
from tests.unit.localcloud.stepfunctions.world import Event, FunctionError, World

DEFINITION = Path(__file__).parents[4] / "statemachine" / "release.asl.json"
TIMEOUTS = {"build": 60, "prepare": 60, "train": 60, "approve": 60, "deploy": 60}
TRIGGER = {
    "source": "push",
    "commit": "a" * 40,
    "branch": "main",
    "data_versions": {"wti": "v1"},
    "parameter_versions": {"data": 1},
}
DOCUMENT = {"release_id": "r-0123456789abcdef", "project": "oil-price", "trigger": TRIGGER}
SECTIONS = {
    "CheckQuality": ("quality", {"passed": True, "metrics": {}, "reasons": []}),
    "RegisterModel": ("model_package", {"arn": "arn:p", "version": 1}),
    "VerifyEndpoint": (
        "verification",
        {"requests": 1, "largest_difference": 0.0, "tolerance": 1e-6, "checked": "holdout"},
    ),
    "PromoteModel": ("promotion", {"champion": "r-1", "previous_champion": None}),
}
ANSWERS: dict[str, dict[str, Any]] = {
    "PrepareData": {"uri": "s3://a/data/", "job": "prepare"},
    "TrainModel": {
        "job": "train",
        "artifact": "s3://a/model.tar.gz",
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
    """Every function of the release; ``broken`` ones always fail, ``once`` ones the first time."""

    world: World
    approval: str = "automatic"
    broken: dict[str, Exception] = field(default_factory=dict)
    once: dict[str, Exception] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    tell: Callable[[str, Event], None] | None = None
    """Given the event of a waiting function instead of the answer being sent at once."""

    def handler(self, name: str) -> Callable[[Event], Any]:
        def handle(event: Event) -> Any:
            self.called.append(name)
            if name in self.once:
                raise self.once.pop(name)
            if name in self.broken:
                raise self.broken[name]
            if "task_token" not in event:
                return self.answer(name, event)
            (self.tell or self.send)(name, event)
            return None

        return handle

    def answer(self, name: str, document: Event) -> Event:
        if name == "Resolve":
            return {**document, "plan": plan(self.approval)}
        if name in SECTIONS:
            section, content = SECTIONS[name]
            return {**document, section: content}
        return document

    def send(self, name: str, event: Event) -> None:
        self.world.states.send_task_success(
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


def release(functions: Functions) -> str:
    """Make the committed machine over these functions; return its ARN."""
    text = DEFINITION.read_text()
    names = set(re.findall(r"\$\{(\w+)FunctionArn\}", text))
    arns = {
        f"{name}FunctionArn": functions.world.function(functions.handler(name)) for name in names
    }
    return functions.world.machine(substitute(text, arns))


def run(functions: Functions) -> tuple[dict[str, Any], list[str]]:
    """Run one release; return its description and the states that it entered."""
    execution = functions.world.start(release(functions), DOCUMENT)
    described = functions.world.end_of(execution)
    return described, entered(functions.world, execution)


def entered(world: World, execution: str) -> list[str]:
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in world.history(execution)
        if "stateEnteredEventDetails" in event
    ]


def test_a_release_succeeds_and_its_document_is_whole(world: World) -> None:
    described, states = run(Functions(world))
    assert described["status"] == "SUCCEEDED"
    assert [name for name in states if not name.startswith("Build")] == [
        "Resolve",
        "PrepareData",
        "Train",
        "CheckQuality",
        "Register",
        "ApprovalRequired",
        "Deploy",
        "Verify",
        "Promote",
        "NotifySuccess",
        "Released",
    ]
    document = ReleaseDocument.model_validate_json(described["output"])
    assert document.images is not None
    assert document.images.training.uri == "ecr/training"
    assert document.images.inference.uri == "ecr/inference"
    assert document.approval is None
    assert document.promotion is not None


def test_a_manual_approval_is_asked_for_before_the_deployment(world: World) -> None:
    described, states = run(Functions(world, approval="manual"))
    assert states.index("Register") < states.index("Approve") < states.index("Deploy")
    document = ReleaseDocument.model_validate_json(described["output"])
    assert document.approval is not None
    assert document.approval.by == "ada"


FAILURES = {
    "Resolve": "InvalidParameter",
    "BuildImage": "BuildFailed",
    "PrepareData": "DataRejected",
    "TrainModel": "TrainingFailed",
    "CheckQuality": "QualityBelowThreshold",
    "RegisterModel": "AccessDenied",
    "RequestApproval": "ApprovalRejected",
    "DeployModel": "DeploymentFailed",
    "VerifyEndpoint": "VerificationFailed",
    "PromoteModel": "AccessDenied",
}


@pytest.mark.parametrize(("function", "error"), FAILURES.items())
def test_a_failure_rolls_back_notifies_and_ends_failed_with_its_own_reason(
    world: World, function: str, error: str
) -> None:
    broken: dict[str, Exception] = {function: FunctionError(error, "the reason")}
    functions = Functions(world, approval="manual", broken=broken)
    described, states = run(functions)
    assert (described["status"], described["error"]) == ("FAILED", error)
    assert json.loads(described["cause"])["errorMessage"] == "the reason"
    assert states[-3:] == ["RollBack", "NotifyFailure", "Failed"]


def test_a_failure_that_is_sent_keeps_its_plain_cause(world: World) -> None:
    def tell(name: str, event: Event) -> None:
        if name == "TrainModel":
            world.states.send_task_failure(
                taskToken=event["task_token"], error="TrainingFailed", cause="exit code 1"
            )
        else:
            functions.send(name, event)

    functions = Functions(world, tell=tell)
    described, _ = run(functions)
    assert (described["error"], described["cause"]) == ("TrainingFailed", "exit code 1")


def test_a_failed_rollback_hides_nothing(world: World) -> None:
    broken: dict[str, Exception] = {
        "VerifyEndpoint": FunctionError("VerificationFailed", "differs"),
        "RollBack": FunctionError("AccessDenied", "may not"),
    }
    functions = Functions(world, broken=broken)
    described, states = run(functions)
    assert described["error"] == "VerificationFailed"
    assert states[-2:] == ["NotifyFailure", "Failed"]


def test_a_failure_that_cannot_be_told_is_still_a_failure_with_its_reason(world: World) -> None:
    broken: dict[str, Exception] = {
        "TrainModel": FunctionError("TrainingFailed", "exit code 1"),
        "Notify": FunctionError("AccessDenied", "may not publish"),
    }
    described, _ = run(Functions(world, broken=broken))
    assert described["error"] == "TrainingFailed"


def test_a_success_that_cannot_be_told_rolls_nothing_back(world: World) -> None:
    broken: dict[str, Exception] = {"Notify": FunctionError("AccessDenied", "may not publish")}
    functions = Functions(world, broken=broken)
    described, states = run(functions)
    assert described["status"] == "SUCCEEDED"
    assert states[-1] == "Released"
    assert "RollBack" not in functions.called
    assert ReleaseDocument.model_validate_json(described["output"]).failure is None


def test_a_function_that_was_killed_is_called_again(world: World) -> None:
    functions = Functions(world, once={"TrainModel": FunctionError("Runtime.ExitError", "killed")})
    described, _ = run(functions)
    assert described["status"] == "SUCCEEDED"
    assert functions.called.count("TrainModel") == 2


def test_an_error_of_the_model_is_not_tried_again(world: World) -> None:
    broken: dict[str, Exception] = {"PrepareData": FunctionError("DataRejected", "a gap")}
    functions = Functions(world, broken=broken)
    run(functions)
    assert functions.called.count("PrepareData") == 1


def history_length(world: World, training: float) -> int:
    """The number of events in the history of a release whose training takes so many seconds."""

    def tell(name: str, event: Event) -> None:
        delay = training if name == "TrainModel" else 0.0
        threading.Timer(delay, functions.send, (name, event)).start()

    functions = Functions(world, tell=tell)
    execution = world.start(release(functions), DOCUMENT)
    described = world.end_of(execution)
    assert described["status"] == "SUCCEEDED"
    assert (described["stopDate"] - described["startDate"]).total_seconds() >= training
    return len(world.history(execution))


def test_transitions_do_not_grow_with_the_length_of_a_wait(world: World) -> None:
    """Nothing polls: the execution is silent from the job's start to its answer."""
    assert history_length(world, training=0.0) == history_length(world, training=0.3)
