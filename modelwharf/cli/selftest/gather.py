"""Gathers the evidence of a release that is over, or of the part that it reached."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from modelwharf.cli.release import describe, read_release
from modelwharf.cli.selftest.denials import denials
from modelwharf.cli.selftest.evidence import Answer, Evidence
from modelwharf.cli.selftest.states import BUILDS
from modelwharf.cli.selftest.trial import Trial
from modelwharf.cli.selftest.wrong_calls import WRONG_CALLS, Scene
from modelwharf.contracts.history import read_events
from modelwharf.contracts.release import ReleaseDocument
from modelwharf.contracts.states import PREPARE_DATA, TRAIN


def gather(trial: Trial, error: str = "") -> Evidence:
    """Gather the evidence. ``error`` says why no release started, if none did."""
    evidence = Evidence(
        error=error, notifications=trial.listener.notifications, events=trial.listener.events
    )
    if trial.release is None:
        return evidence
    services, stack = trial.services, trial.stack
    view = read_release(services, stack, trial.release)
    execution = describe(services, stack, trial.release)
    evidence.release, evidence.status = view.id, view.status
    evidence.error = f"{view.failure.error}: {view.failure.reason}" if view.failure else ""
    events = read_events(services.client("stepfunctions"), execution["executionArn"])
    evidence.history = [*events]
    evidence.rows, evidence.document = view.states, view.document
    with _gap(evidence, "builds and jobs"):
        evidence.job_ends |= _job_ends(trial, view.document)
    with _gap(evidence, "log of resume-release"):
        evidence.denials += denials(services, stack)
    if view.succeeded:
        with _gap(evidence, "endpoint"):
            evidence.answer = _ask(trial)
    if view.document is not None and view.document.plan is not None:
        scene = Scene(services, stack, view.document)
        for call in WRONG_CALLS:
            if view.succeeded or not call.after_deploy:
                with _gap(evidence, call.name):
                    evidence.refusals[call.name] = call.make(scene)
    return evidence


@contextmanager
def _gap(evidence: Evidence, what: str) -> Iterator[None]:
    """Record a gap for evidence that cannot be read, and continue with the rest."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        evidence.gaps.append(f"{what}: {error}")


def _ask(trial: Trial) -> Answer:
    try:
        found = trial.services.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=trial.stack.endpoint,
            ContentType="application/json",
            Body=json.dumps({"add": 1}).encode(),
        )
    except ClientError as error:
        return Answer(body=str(error), content_type="", variant="")
    return Answer(
        body=found["Body"].read().decode(errors="replace"),
        content_type=found["ContentType"],
        variant=found["InvokedProductionVariant"],
    )


def _job_ends(trial: Trial, document: ReleaseDocument | None) -> Iterator[tuple[str, datetime]]:
    """Yield when the builds and the two jobs ended, from their services."""
    services, stack = trial.services, trial.stack
    codebuild = services.client("codebuild")
    ids = codebuild.list_builds_for_project(projectName=stack.build_project)["ids"]
    builds = codebuild.batch_get_builds(ids=ids)["builds"] if ids else []
    for build in builds:
        repository = next(
            variable["value"]
            for variable in build["environment"]["environmentVariables"]
            if variable["name"] == "IMAGE_REPOSITORY"
        )
        if "endTime" in build:
            yield BUILDS[repository.rsplit("/", 1)[-1]], build["endTime"]
    sagemaker = services.client("sagemaker")
    if document is not None and document.data is not None and document.data.job is not None:
        prepared = sagemaker.describe_processing_job(ProcessingJobName=document.data.job)
        if "ProcessingEndTime" in prepared:
            yield PREPARE_DATA.name, prepared["ProcessingEndTime"]
    if document is not None and document.training is not None:
        trained = sagemaker.describe_training_job(TrainingJobName=document.training.job)
        if "TrainingEndTime" in trained:
            yield TRAIN.name, trained["TrainingEndTime"]
