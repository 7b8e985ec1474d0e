"""Finds the log groups and streams of a release's steps, from the release and Describe calls."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from modelwharf.cli.release import Release
from modelwharf.cli.services import Services
from modelwharf.cli.serving import serving_now
from modelwharf.cli.stack import Stack, function_names
from modelwharf.contracts import states
from modelwharf.contracts.history import StateRow
from modelwharf.contracts.jobs import ENDPOINT, PROCESSING, TRAINING
from modelwharf.contracts.names import job_name, stack_name
from modelwharf.contracts.release import ImageKind, ImagePlan

if TYPE_CHECKING:
    from mypy_boto3_codebuild.type_defs import BuildTypeDef, ListBuildsForProjectInputTypeDef

# no older build can still run
LONGEST_BUILD = timedelta(hours=44)
AROUND = timedelta(minutes=1)  # the functions that start a release and report it run outside it


class Step(StrEnum):
    """A step of a release that writes a log."""

    BUILD_TRAINING = "build-training"
    BUILD_INFERENCE = "build-inference"
    PREPARE = "prepare"
    TRAIN = "train"
    SERVE = "serve"
    FUNCTIONS = "functions"


STATES = {
    Step.BUILD_TRAINING: states.BUILD_TRAINING_IMAGE.name,
    Step.BUILD_INFERENCE: states.BUILD_INFERENCE_IMAGE.name,
    Step.PREPARE: states.PREPARE_DATA.name,
    Step.TRAIN: states.TRAIN.name,
    Step.SERVE: states.DEPLOY.name,
    Step.FUNCTIONS: states.RESOLVE.name,
}
IMAGES = {
    Step.BUILD_TRAINING: ImageKind.TRAINING,
    Step.BUILD_INFERENCE: ImageKind.INFERENCE,
}


@dataclass(frozen=True)
class Source:
    """Streams of one log group, and the lines of them that belong to a step.

    ``stream`` is the prefix of the streams' names. Only lines between ``begin`` and ``end`` count;
    ``end`` None: not known yet. With ``born`` the streams must have been created in that time, and
    all their lines count. ``release``: only function calls for that release count.
    """

    step: Step
    label: str
    """For people: the step, with its host if it has several, or the function."""
    group: str
    stream: str = ""
    begin: datetime | None = None
    end: datetime | None = None
    born: bool = False
    release: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether more may be written after the release is over."""
        return self.born and self.end is None


def find_sources(
    services: Services, stack: Stack, view: Release, steps: Iterable[Step]
) -> tuple[Source, ...]:
    """Return the log sources of these steps so far; a step without a log has none."""
    return tuple(
        source
        for step in steps
        if (row := row_of(view, step)) is not None
        for source in _FINDERS[step](services, stack, view, row)
    )


def row_of(view: Release, step: Step) -> StateRow | None:
    """Return the state of this log, at its latest entry."""
    return next((row for row in reversed(view.states) if row.name == STATES[step]), None)


def why_none(view: Release, step: Step) -> str:
    """Return why the step of this release has no log, and what to type instead."""
    row = row_of(view, step)
    if row is not None and step in IMAGES and row.is_over:
        plan = image_plan(view, step)
        tag = f" ({plan.repository}:{plan.tag})" if plan else ""
        return f"{step}: nothing was built: the registry had the image already{tag}"
    if row is not None and step is Step.PREPARE and not _prepares(view):
        return f"{step}: no program ran: data.prepare is switched off for {view.id}"
    if row is not None:
        return f"{step}: nothing is written yet; wait for it: wharf logs {view.id} --follow"
    if not view.is_over:
        at = ", ".join(one.name for one in view.states if not one.is_over) or "its beginning"
        return f"{step}: not begun: {view.id} is at {at}; wait: wharf logs {view.id} --follow"
    state = view.failure.state if view.failure else None
    where = f" failed in {state}" if state else " is over"
    return f"{step}: never begun: {view.id}{where}; see why: wharf show {view.id}"


def image_plan(view: Release, step: Step) -> ImagePlan | None:
    plan = view.document.plan if view.document else None
    return getattr(plan.images, IMAGES[step].value) if plan else None


def _prepares(view: Release) -> bool:
    plan = view.document.plan if view.document else None
    return plan is None or plan.data.prepare


def _build(services: Services, stack: Stack, view: Release, row: StateRow) -> Iterator[Source]:
    """Yield the logs of the builds of the image's tag during the release, also of other releases'
    builds.
    """
    step = next(step for step, state in STATES.items() if state == row.name)
    plan = image_plan(view, step)
    if plan is None:
        return
    for build in _builds(services, stack, since=view.started - LONGEST_BUILD):
        logs = build.get("logs", {})
        if _is_of(build, plan, row) and logs.get("groupName") and logs.get("streamName"):
            yield Source(step, step.value, logs["groupName"], logs["streamName"])


def _builds(services: Services, stack: Stack, since: datetime) -> Iterator["BuildTypeDef"]:
    """Yield the project's builds, newest first, back to ``since``."""
    client = services.client("codebuild")
    request: ListBuildsForProjectInputTypeDef = {"projectName": stack.build_project}
    while True:
        page = client.list_builds_for_project(**request)  # at most 100, the limit of BatchGetBuilds
        builds = client.batch_get_builds(ids=page["ids"])["builds"] if page["ids"] else []
        yield from (build for build in builds if build["startTime"] >= since)
        if not page.get("nextToken") or any(build["startTime"] < since for build in builds):
            return
        request["nextToken"] = page["nextToken"]


def _is_of(build: "BuildTypeDef", plan: ImagePlan, row: StateRow) -> bool:
    given = {one["name"]: one["value"] for one in build["environment"]["environmentVariables"]}
    wanted = (given.get("IMAGE_REPOSITORY"), given.get("IMAGE_TAG")) == (plan.repository, plan.tag)
    over_before = build.get("endTime") is not None and build["endTime"] < row.entered
    begun_after = row.exited is not None and build["startTime"] > row.exited
    return wanted and not over_before and not begun_after


def _prepare(services: Services, stack: Stack, view: Release, row: StateRow) -> Iterator[Source]:
    if _prepares(view):
        data = view.document.data if view.document else None
        name = (data.job if data else None) or job_name(stack.project, view.id, "prepare")
        yield Source(Step.PREPARE, Step.PREPARE, PROCESSING.log_group(), f"{name}/")


def _train(services: Services, stack: Stack, view: Release, row: StateRow) -> Iterator[Source]:
    training = view.document.training if view.document else None
    name = training.job if training else job_name(stack.project, view.id, "train")
    for label, stream in _hosts(view):
        yield Source(Step.TRAIN, label, TRAINING.log_group(), f"{name}/{stream}")


def _hosts(view: Release) -> Iterator[tuple[str, str]]:
    """Yield, for each host of the training job, its name for people and its stream's prefix."""
    plan = view.document.plan if view.document else None
    count = plan.training.instance_count if plan else 1
    if count == 1:
        yield Step.TRAIN, ""
        return
    for number in range(1, count + 1):
        yield f"{Step.TRAIN} algo-{number}", f"algo-{number}-"


def _serve(services: Services, stack: Stack, view: Release, row: StateRow) -> Iterator[Source]:
    """Yield the logs of the instances that started during the deployment, or later, if it
    serves.
    """
    deployment = view.document.deployment if view.document else None
    config = deployment.config if deployment else None
    serves = config is not None and serving_now(services, stack.endpoint).config == config
    yield Source(
        Step.SERVE,
        Step.SERVE,
        ENDPOINT.log_group(stack.endpoint),
        begin=row.entered - AROUND / 12,  # the clocks of two services differ
        end=None if serves or not view.is_over else view.stopped,
        born=True,
    )


def _functions(services: Services, stack: Stack, view: Release, row: StateRow) -> Iterator[Source]:
    for name in function_names(services, stack.project):
        yield Source(
            Step.FUNCTIONS,
            name.removeprefix(f"{stack_name(stack.project)}-"),
            f"/aws/lambda/{name}",
            begin=view.started - AROUND,
            end=view.stopped + AROUND if view.stopped else None,
            release=view.id,
        )


_FINDERS: dict[Step, Callable[[Services, Stack, Release, StateRow], Iterator[Source]]] = {
    Step.BUILD_TRAINING: _build,
    Step.BUILD_INFERENCE: _build,
    Step.PREPARE: _prepare,
    Step.TRAIN: _train,
    Step.SERVE: _serve,
    Step.FUNCTIONS: _functions,
}
