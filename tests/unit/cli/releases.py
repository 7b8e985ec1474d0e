"""Executions that a fake cloud may hold."""

import json
from datetime import timedelta
from typing import Any

from tests.unit.cli.fakes import Execution, FakeCloud
from tests.unit.contracts.histories import RELEASE, START, History, document

PACKAGE = {"arn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/oil-price/3"}
PACKAGE_VERSION: dict[str, Any] = {**PACKAGE, "version": 3, "artifact": "s3://artifact-bucket/kept"}
TRAINING = {
    "job": f"oil-price-{RELEASE}-train",
    "artifact": "s3://artifact-bucket/model.tar.gz",
    "artifact_version": "v1",
    "output": "s3://artifact-bucket/releases/output.tar.gz",
    "metrics": {"holdout:mae": 2.1},
    "seconds": 12,
}
QUALITY = {
    "passed": True,
    "metrics": {"skill": 0.03},
    "reasons": ["skill 0.03 ≥ -0.05"],
    "findings": ["the model is the random walk"],
}


def add(
    cloud: FakeCloud, history: History, name: str = RELEASE, minutes: int = 0, **more: Any
) -> Execution:
    """Put an execution into the cloud, started some minutes after the first."""
    cloud.stepfunctions.executions[name] = Execution(
        history, started=START + timedelta(minutes=minutes), **more
    )
    return cloud.stepfunctions.executions[name]


def training(cloud: FakeCloud, name: str = RELEASE) -> Execution:
    """A release that waits for its training job."""
    history = History()
    history.run("Resolve")
    history.enter("Train", given=document())
    history.schedule()
    cloud.ledger.waits.append(
        {"release_id": name, "state": "Train", "kind": "training", "subject": str(TRAINING["job"])}
    )
    return add(cloud, history, name)


def awaiting_approval(cloud: FakeCloud) -> Execution:
    """A release that waits for a person."""
    history = History()
    history.run("Register")
    history.enter("Approve", given=document(model_package=PACKAGE_VERSION))
    history.schedule()
    cloud.ledger.waits.append(
        {"release_id": RELEASE, "state": "Approve", "kind": "approval", "subject": PACKAGE["arn"]}
    )
    return add(cloud, history)


def succeeded(
    cloud: FakeCloud, name: str = RELEASE, minutes: int = 0, **sections: Any
) -> Execution:
    """A release that serves."""
    whole = document(training=TRAINING, quality=QUALITY, **sections)
    history = History(document(**sections))
    history.run("Promote", result=whole)
    return add(
        cloud,
        history,
        name,
        minutes,
        status="SUCCEEDED",
        stopped=START + timedelta(minutes=minutes, seconds=75),
        more={"output": json.dumps(whole)},
    )


def failed(
    cloud: FakeCloud,
    name: str = RELEASE,
    minutes: int = 0,
    cause: str = "bad data: column Price is missing",
    error: str = "TrainingFailed",
) -> Execution:
    """A release whose training failed; it was rolled back, and the notification was sent."""
    failure = {"Error": error, "Cause": cause}
    history = History()
    history.run("Resolve")
    history.enter("Train", given=document())
    history.schedule()
    history.fail(failure["Error"], failure["Cause"])
    history.leave("Train", result=document(failure=failure))
    history.run("RollBack", result=document(failure=failure, rollback={}))
    history.enter("Failed", kind="Fail", given=document(failure=failure, rollback={}))
    details = {"error": failure["Error"], "cause": failure["Cause"]}
    history.add("ExecutionFailed", executionFailedEventDetails=details)
    return add(
        cloud,
        history,
        name,
        minutes,
        status="FAILED",
        stopped=START + timedelta(minutes=minutes, seconds=20),
        more=details,
    )
