"""Build an image on CodeBuild. The registry, not the build, tells whether the image exists."""

import heapq
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.build_log import headline, lines_of_failure
from lambdas.build_rows import BuildStart
from lambdas.errors import UNREACHABLE, BuildFailed, ServiceFault, code_of
from lambdas.log import logger
from lambdas.runtime import Runtime
from lambdas.submission import Submission, abandoned
from lambdas.table_rows import KEEP
from lambdas.verdict import Failed, Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.names import pip_conf_parameter
from modelwharf.contracts.parameters import ImageSource
from modelwharf.contracts.release import Image, ImageKind, ImagePlan, Plan
from modelwharf.contracts.task import BuildTask

if TYPE_CHECKING:
    from mypy_boto3_codebuild.type_defs import BuildPhaseTypeDef, BuildTypeDef
    from mypy_boto3_ecr.type_defs import DescribeImagesRequestTypeDef, ImageDetailTypeDef

QUEUE_MINUTES = 30  # how long a build may wait for a machine; CodeBuild's own default is 8 hours
LOG_EVENTS = 500  # from the log's end; about ten of them follow a failed command
# CodeBuild's Docker keeps images in its own store. Such a Docker drops from one image's layer cache
# what it took from another image's (buildkit issue 2274): with the newest image alone, every second
# build would find no cache. The list is short because a build's variables may hold only some
# thousand characters.
CACHES = 8
START_SECONDS = 60  # build_image's own timeout: after it, the function that was starting has ended
BROKEN_PHASES = {"CLIENT_ERROR", "FAILED", "FAULT", "TIMED_OUT"}


class BuildContext(Contract):
    """Which image the waiters of a build want."""

    repository: str
    tag: str


def find_image(runtime: Runtime, repository: str, tag: str, *, built: bool) -> Image | None:
    """Return the image if the registry has it."""
    try:
        found = runtime.clients.ecr.describe_images(
            repositoryName=repository, imageIds=[{"imageTag": tag}]
        )["imageDetails"]
    except ClientError as error:
        if code_of(error) != "ImageNotFoundException":
            raise
        return None
    digest = found[0]["imageDigest"]
    uri = f"{runtime.environment.registry}/{repository}@{digest}"
    return Image(uri=uri, digest=digest, tag=tag, built=built)


def submit_build(runtime: Runtime, task: BuildTask, plan: Plan, image: ImagePlan) -> Submission:
    """Start the image's build, or join the build that another release has started.

    Raises ServiceFault while another release is about to start it.
    """
    start = runtime.ledger.build_start(image.repository, image.tag)
    if start is not None and start.build and _under_way(runtime, start.build):
        return Submission(subject=start.build, existed=True)
    mine = _take_start(runtime, task, image, start)
    build = runtime.clients.codebuild.start_build(
        projectName=runtime.environment.build_project,
        sourceVersion=task.release.trigger.commit,
        timeoutInMinutesOverride=math.ceil(plan.source.build_timeout_seconds / 60),
        queuedTimeoutInMinutesOverride=QUEUE_MINUTES,
        # CodeBuild answers a repeated token with the first build for five minutes.
        idempotencyToken=f"{task.release_id}-{task.kind}",
        environmentVariablesOverride=[
            {"name": name, "value": value, "type": "PLAINTEXT"}
            for name, value in _variables(runtime, task, plan, image, mine.cache).items()
        ],
    )["build"]
    mine = mine.model_copy(update={"build": build["id"]})
    runtime.ledger.put_build_start(image.repository, image.tag, mine)
    return Submission(subject=build["id"], existed=build.get("buildStatus") != "IN_PROGRESS")


def _take_start(
    runtime: Runtime, task: BuildTask, image: ImagePlan, before: BuildStart | None
) -> BuildStart:
    """Claim the start of the build, for as long as the calling function may run."""
    mine = before if before is not None and before.owner == task.release_id else None
    if before is not None and mine is None and not before.build and runtime.now() < before.until:
        raise ServiceFault(
            f"release {before.owner} starts the build of {image.repository}:{image.tag} at this "
            "moment; this one joins it"
        )
    start = BuildStart(
        owner=task.release_id,
        until=runtime.now() + START_SECONDS,
        cache=mine.cache if mine else newest_images(runtime, image.repository),
        expires=runtime.now() + KEEP,
    )
    runtime.ledger.take_build_start(image.repository, image.tag, start, over=before)
    return start


def newest_images(runtime: Runtime, repository: str) -> str:
    """Return URIs of the repository's newest images, for the layer cache; "" without any.

    A build without a cache is only slower, so an error here fails no release.
    """
    try:
        newest = heapq.nlargest(
            CACHES, _tagged_images(runtime, repository), key=lambda one: one["imagePushedAt"]
        )
    except (ClientError, *UNREACHABLE) as error:
        logger.warning("builds without a cache", error=str(error))
        return ""
    return " ".join(
        f"{runtime.environment.registry}/{repository}:{one['imageTags'][0]}" for one in newest
    )


def _tagged_images(runtime: Runtime, repository: str) -> Iterator["ImageDetailTypeDef"]:
    request: DescribeImagesRequestTypeDef = {
        "repositoryName": repository,
        "filter": {"tagStatus": "TAGGED"},
    }
    while True:
        found = runtime.clients.ecr.describe_images(**request)
        yield from found["imageDetails"]
        if not found.get("nextToken"):
            return
        request["nextToken"] = found["nextToken"]


def _variables(
    runtime: Runtime, task: BuildTask, plan: Plan, image: ImagePlan, cache: str
) -> dict[str, str]:
    source = _source(plan, task.kind)
    return {
        "IMAGE_REPOSITORY": image.repository,
        "IMAGE_TAG": image.tag,
        "IMAGE_URI": f"{runtime.environment.registry}/{image.repository}:{image.tag}",
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


def _under_way(runtime: Runtime, build: str) -> bool:
    return any(found["buildStatus"] == "IN_PROGRESS" for found in _builds(runtime, [build]))


def settle_build(runtime: Runtime, waiter: Waiter) -> Verdict:
    wanted = BuildContext.model_validate_json(waiter.context)
    image = find_image(runtime, wanted.repository, wanted.tag, built=True)
    if image is not None:
        return Succeeded(output=image)
    if not waiter.subject:
        return _never_started(wanted) if abandoned(runtime, waiter) else Running()
    builds = _builds(runtime, [waiter.subject])
    if not builds:
        return failed(BuildFailed(f"CodeBuild no longer knows the build {waiter.subject}"))
    return _judge(runtime, wanted, builds[0])


def _judge(runtime: Runtime, wanted: BuildContext, build: "BuildTypeDef") -> Verdict:
    status = build["buildStatus"]
    if status == "IN_PROGRESS":
        return Running()
    if status == "SUCCEEDED":
        # The image may have been pushed after the first look and before the build ended.
        image = find_image(runtime, wanted.repository, wanted.tag, built=True)
        if image is not None:
            return Succeeded(output=image)
        return failed(
            BuildFailed(
                f"build {build['id']} succeeded, but pushed no image {wanted.repository}:"
                f'{wanted.tag}; the buildspec must end with `docker push "$IMAGE_URI"`'
            )
        )
    return failed(BuildFailed(_cause(runtime, wanted, build)))


def _cause(runtime: Runtime, wanted: BuildContext, build: "BuildTypeDef") -> str:
    """Return the reason in one line, the log lines around it, the build, CodeBuild's message."""
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
    lines, found = _log(runtime, group, stream)
    first = headline(lines) or (phases or [str(build["buildStatus"])])[0]
    return "\n".join(
        [
            first,
            *(found or [f"| {line}" for line in lines]),
            name,
            *phases,
            f"The whole log: aws logs get-log-events --log-group-name {group} "
            f"--log-stream-name {stream}",
        ]
    )


def _contexts(phase: "BuildPhaseTypeDef") -> str:
    parts = (
        ": ".join(
            part for part in (context.get("statusCode"), _shortened(context.get("message"))) if part
        )
        for context in phase.get("contexts", [])
    )
    return "; ".join(part for part in parts if part)


def _shortened(message: str | None) -> str:
    """Shorten CodeBuild's message: it repeats the failed command, which may be a long script."""
    first, *rest = (message or "").splitlines() or [""]
    return f"{first} … {rest[-1]}" if rest else first


def _log(runtime: Runtime, group: str, stream: str) -> tuple[list[str], list[str]]:
    """Return the lines that explain the failure, and the reason when the log cannot be read.

    An unreadable log must not hide the failure.
    """
    try:
        events = runtime.clients.logs.get_log_events(
            logGroupName=group, logStreamName=stream, limit=LOG_EVENTS, startFromHead=False
        )["events"]
    except ClientError as error:
        return [], [f"(its log could not be read: {error})"]
    return lines_of_failure([event["message"] for event in events]), []


def _never_started(wanted: BuildContext) -> Failed:
    return failed(
        BuildFailed(
            f"the build of {wanted.repository}:{wanted.tag} was never started; "
            "start the release again with another reason"
        )
    )


def _builds(runtime: Runtime, ids: list[str]) -> list["BuildTypeDef"]:
    if not ids:
        return []
    return runtime.clients.codebuild.batch_get_builds(ids=ids)["builds"]
