"""An image's build on CodeBuild. The registry, not the build, says whether the image exists."""

import heapq
import math
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from contracts.model import Contract
from contracts.names import pip_conf_parameter
from contracts.parameters import ImageSource
from contracts.release import Image, ImageKind, ImagePlan, Plan
from contracts.task import BuildTask
from lambdas.build_log import headline, telling
from lambdas.build_rows import BuildStart
from lambdas.errors import UNREACHABLE, BuildFailed, ServiceFault, code_of
from lambdas.log import logger
from lambdas.site import Site
from lambdas.submission import Submission, abandoned
from lambdas.table_rows import KEEP
from lambdas.verdict import Failed, Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter

QUEUE_MINUTES = 30  # how long a build may wait for a machine; CodeBuild's own default is 8 hours
LOG_EVENTS = 500  # from the log's end; what follows a failed command is some ten of them
# A Docker that keeps images in its own store, as CodeBuild's does, loses of an image's layer
# cache what it took from another's (buildkit's issue 2274): of the newest image alone, every
# second build would find nothing. Few, as a build's variables may be but some thousand characters.
CACHES = 8
START_SECONDS = 60  # build_image's own time-out: after it, whoever was starting a build is dead
BROKEN_PHASES = {"CLIENT_ERROR", "FAILED", "FAULT", "TIMED_OUT"}


class BuildContext(Contract):
    """Which image a build's waiters want."""

    repository: str
    tag: str


def build_job(repository: str, tag: str) -> str:
    return f"build/{repository}/{tag}"


def find_image(site: Site, repository: str, tag: str, *, built: bool) -> Image | None:
    """The image, if the registry has it."""
    try:
        found = site.clients.ecr.describe_images(
            repositoryName=repository, imageIds=[{"imageTag": tag}]
        )["imageDetails"]
    except ClientError as error:
        if code_of(error) != "ImageNotFoundException":
            raise
        return None
    digest = found[0]["imageDigest"]
    uri = f"{site.environment.registry}/{repository}@{digest}"
    return Image(uri=uri, digest=digest, tag=tag, built=built)


def submit_build(site: Site, task: BuildTask, plan: Plan, image: ImagePlan) -> Submission:
    """Start the image's build, or join the one that another release has started.

    Raises ServiceFault while another release is about to start it.
    """
    start = site.ledger.build_start(image.repository, image.tag)
    if start is not None and start.build and _under_way(site, start.build):
        return Submission(subject=start.build, existed=True)
    mine = _take_start(site, task, image, start)
    build = site.clients.codebuild.start_build(
        projectName=site.environment.build_project,
        sourceVersion=task.release.trigger.commit,
        timeoutInMinutesOverride=math.ceil(plan.source.build_timeout_seconds / 60),
        queuedTimeoutInMinutesOverride=QUEUE_MINUTES,
        # CodeBuild answers a repeated token with the first build for five minutes.
        idempotencyToken=f"{task.release_id}-{task.kind}",
        environmentVariablesOverride=[
            {"name": name, "value": value, "type": "PLAINTEXT"}
            for name, value in _variables(site, task, plan, image, mine.cache).items()
        ],
    )["build"]
    mine = mine.model_copy(update={"build": build["id"]})
    site.ledger.put_build_start(image.repository, image.tag, mine)
    return Submission(subject=build["id"], existed=build.get("buildStatus") != "IN_PROGRESS")


def _take_start(
    site: Site, task: BuildTask, image: ImagePlan, before: BuildStart | None
) -> BuildStart:
    """The right to start the build, for as long as the function that asks for it may run."""
    mine = before if before is not None and before.owner == task.release_id else None
    if before is not None and mine is None and not before.build and site.now() < before.until:
        raise ServiceFault(
            f"release {before.owner} starts the build of {image.repository}:{image.tag} at this "
            "moment; this one joins it"
        )
    start = BuildStart(
        owner=task.release_id,
        until=site.now() + START_SECONDS,
        cache=mine.cache if mine else newest_images(site, image.repository),
        expires=site.now() + KEEP,
    )
    site.ledger.take_build_start(image.repository, image.tag, start, over=before)
    return start


def newest_images(site: Site, repository: str) -> str:
    """URIs of the repository's newest images, whose layers the build may use; "" without any.

    A build without a cache is slower and nothing else, so no release fails for want of one.
    """
    try:
        newest = heapq.nlargest(
            CACHES, _tagged_images(site, repository), key=lambda one: one["imagePushedAt"]
        )
    except (ClientError, *UNREACHABLE) as error:
        logger.warning("builds without a cache", error=str(error))
        return ""
    return " ".join(
        f"{site.environment.registry}/{repository}:{one['imageTags'][0]}" for one in newest
    )


def _tagged_images(site: Site, repository: str) -> Iterator[dict[str, Any]]:
    page: dict[str, str] = {}
    while True:
        found = site.clients.ecr.describe_images(
            repositoryName=repository, filter={"tagStatus": "TAGGED"}, **page
        )
        yield from found["imageDetails"]
        if not found.get("nextToken"):
            return
        page = {"nextToken": found["nextToken"]}


def _variables(
    site: Site, task: BuildTask, plan: Plan, image: ImagePlan, cache: str
) -> dict[str, str]:
    source = _source(plan, task.kind)
    return {
        "IMAGE_REPOSITORY": image.repository,
        "IMAGE_TAG": image.tag,
        "IMAGE_URI": f"{site.environment.registry}/{image.repository}:{image.tag}",
        "IMAGE_DOCKERFILE": image.dockerfile,
        "IMAGE_INPUTS": " ".join(source.inputs),
        "IMAGE_CONTEXT": source.context,
        "CACHE_IMAGES": cache,
        "MAX_FILE_MB": str(plan.source.max_file_mb),
        "PIP_CONF_PARAMETER": pip_conf_parameter(task.release.project),
        "BASE_IMAGE": image.base_image,
        "PLATFORM": image.platform,
        "RELEASE_ID": task.release_id,
    }


def _source(plan: Plan, kind: ImageKind) -> ImageSource:
    if kind is ImageKind.TRAINING:
        return plan.source.training_image
    return plan.source.inference_image


def _under_way(site: Site, build: str) -> bool:
    return any(found["buildStatus"] == "IN_PROGRESS" for found in _builds(site, [build]))


def settle_build(site: Site, waiter: Waiter) -> Verdict:
    wanted = BuildContext.model_validate_json(waiter.context)
    image = find_image(site, wanted.repository, wanted.tag, built=True)
    if image is not None:
        return Succeeded(output=image)
    if not waiter.subject:
        return _never_started(wanted) if abandoned(site, waiter) else Running()
    builds = _builds(site, [waiter.subject])
    if not builds:
        return failed(BuildFailed(f"CodeBuild no longer knows the build {waiter.subject}"))
    return _judge(site, wanted, builds[0])


def _judge(site: Site, wanted: BuildContext, build: dict[str, Any]) -> Verdict:
    status = build["buildStatus"]
    if status == "IN_PROGRESS":
        return Running()
    if status == "SUCCEEDED":
        # The image may have been pushed between the first look and the build's last word.
        image = find_image(site, wanted.repository, wanted.tag, built=True)
        if image is not None:
            return Succeeded(output=image)
        return failed(
            BuildFailed(
                f"build {build['id']} succeeded, but pushed no image {wanted.repository}:"
                f'{wanted.tag}; the buildspec must end with `docker push "$IMAGE_URI"`'
            )
        )
    return failed(BuildFailed(_cause(site, wanted, build)))


def _cause(site: Site, wanted: BuildContext, build: dict[str, Any]) -> str:
    """Why, in a line; the lines of its log around it; then which build, and CodeBuild's words."""
    phases = [
        f"{phase['phaseType']}: {_contexts(phase) or phase['phaseStatus']}"
        for phase in build.get("phases", [])
        if phase.get("phaseStatus") in BROKEN_PHASES
    ]
    logs = build.get("logs", {})
    group, stream = logs.get("groupName"), logs.get("streamName")
    name = f"image {wanted.repository}:{wanted.tag}: build {build['id']} {build['buildStatus']}"
    if not (group and stream):
        return "\n".join([*(phases or [str(build["buildStatus"])]), name])
    told, found = _log(site, group, stream)
    first = headline(told) or (phases or [str(build["buildStatus"])])[0]
    return "\n".join(
        [
            first,
            *(found or [f"| {line}" for line in told]),
            name,
            *phases,
            f"The whole log: aws logs get-log-events --log-group-name {group} "
            f"--log-stream-name {stream}",
        ]
    )


def _contexts(phase: dict[str, Any]) -> str:
    parts = (
        ": ".join(
            part for part in (context.get("statusCode"), _shortened(context.get("message"))) if part
        )
        for context in phase.get("contexts", [])
    )
    return "; ".join(part for part in parts if part)


def _shortened(message: str | None) -> str:
    """CodeBuild repeats the failed command, which may be a script of many lines."""
    first, *rest = (message or "").splitlines() or [""]
    return f"{first} … {rest[-1]}" if rest else first


def _log(site: Site, group: str, stream: str) -> tuple[list[str], list[str]]:
    """The lines that explain the failure, or why there are none: that must not hide it."""
    try:
        events = site.clients.logs.get_log_events(
            logGroupName=group, logStreamName=stream, limit=LOG_EVENTS, startFromHead=False
        )["events"]
    except ClientError as error:
        return [], [f"(its log could not be read: {error})"]
    return telling([event["message"] for event in events]), []


def _never_started(wanted: BuildContext) -> Failed:
    return failed(
        BuildFailed(
            f"the build of {wanted.repository}:{wanted.tag} was never started; "
            "start the release again with another reason"
        )
    )


def _builds(site: Site, ids: list[str]) -> list[dict[str, Any]]:
    if not ids:
        return []
    builds: list[dict[str, Any]] = site.clients.codebuild.batch_get_builds(ids=ids)["builds"]
    return builds
