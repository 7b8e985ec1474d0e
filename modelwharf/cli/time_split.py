"""A release's time, split into the team's own programs and the rest."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from modelwharf.artifact.contract import Contract
from modelwharf.cli.release import Release
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack
from modelwharf.contracts.release import ReleaseDocument

if TYPE_CHECKING:
    from mypy_boto3_codebuild.type_defs import BuildTypeDef

Span = tuple[datetime, datetime]


class TimeSplit(Contract):
    """The split in seconds. ``programs``: builds, processing, training, server start; overlaps
    count once.
    """

    total: float
    programs: float
    spans: dict[str, float]

    @property
    def ours(self) -> float:
        """The time of the release itself: waiting for events, calls, transitions."""
        return self.total - self.programs


def time_split(services: Services, stack: Stack, release: Release) -> TimeSplit:
    """Return the split of a release that is over, from the services' Describe calls."""
    document, stopped = release.document, release.stopped or services.now()
    spans = dict(_spans(services, stack, document)) if document else {}
    return TimeSplit(
        total=(stopped - release.started).total_seconds(),
        programs=covered(spans.values()),
        spans={name: (end - start).total_seconds() for name, (start, end) in spans.items()},
    )


def covered(spans: Iterable[Span]) -> float:
    """Return the seconds that at least one span covers: parallel builds count once."""
    total, reached = 0.0, None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += (end - begin).total_seconds()
        reached = end if reached is None else max(end, reached)
    return total


def _spans(
    services: Services, stack: Stack, document: ReleaseDocument
) -> Iterable[tuple[str, Span]]:
    yield from _builds(services, stack, document.release_id)
    sagemaker = services.client("sagemaker")
    if document.data and document.data.job:
        prepared = sagemaker.describe_processing_job(ProcessingJobName=document.data.job)
        yield "prepare", (prepared["ProcessingStartTime"], prepared["ProcessingEndTime"])
    if document.training:
        trained = sagemaker.describe_training_job(TrainingJobName=document.training.job)
        yield "train", (trained["TrainingStartTime"], trained["TrainingEndTime"])
    if document.deployment:
        endpoint = sagemaker.describe_endpoint(EndpointName=document.deployment.endpoint)
        yield "server start", (endpoint["CreationTime"], endpoint["LastModifiedTime"])


def _builds(services: Services, stack: Stack, release: str) -> Iterable[tuple[str, Span]]:
    """Yield the release's builds, from the first phase's start to the last one's end."""
    client = services.client("codebuild")
    found = client.list_builds_for_project(projectName=stack.build_project, sortOrder="DESCENDING")
    if not found["ids"]:
        return
    for build in client.batch_get_builds(ids=found["ids"][:20])["builds"]:
        variables = _variables(build)
        if variables.get("RELEASE_ID") == release and "endTime" in build:
            image = variables.get("IMAGE_REPOSITORY", build["id"]).rsplit("/", 1)[-1]
            yield f"build {image} image", (build["startTime"], build["endTime"])


def _variables(build: "BuildTypeDef") -> dict[str, str]:
    listed = build.get("environment", {}).get("environmentVariables", [])
    return {item["name"]: item["value"] for item in listed}
