"""CodeBuild: a build runs its buildspec's commands on this machine, with the project's role.

Stock moto runs nothing: every build is SUCCEEDED at the first query, and StartBuild's overrides
have no effect.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from moto.codebuild.exceptions import InvalidInputException, ResourceNotFoundException
from moto.codebuild.models import CodeBuildBackend
from moto.codebuild.responses import CodeBuildResponse
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from modelwharf.laptop import formats
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.codebuild.record import Build, new_build
from modelwharf.laptop.codebuild.run import BuildRun
from modelwharf.laptop.overrides import replace

SOURCES = ("CODECOMMIT", "NO_SOURCE")
OVERRIDES = (
    "projectName",
    "sourceVersion",
    "environmentVariablesOverride",
    "timeoutInMinutesOverride",
    "queuedTimeoutInMinutesOverride",
    "buildspecOverride",
    "idempotencyToken",
)
VARIABLE_TYPES = ("PLAINTEXT", "PARAMETER_STORE")
LIMITS = {  # minutes, inclusive
    "timeoutInMinutesOverride": (5, 2160),
    "queuedTimeoutInMinutesOverride": (5, 480),
}
TOKEN_LIFE = 5 * 60  # seconds for which an idempotency token names the same build


class AccountLimitExceeded(JsonRESTError):
    """The account's quota of running builds is reached."""

    def __init__(self, message: str) -> None:
        super().__init__("AccountLimitExceededException", message)


class Builds:
    """Every build of the cloud, and the idempotency tokens of StartBuild."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.builds: dict[str, Build] = {}
        self._tokens: dict[tuple[str, str], tuple[float, dict[str, Any], Build]] = {}

    def find(self, identity: str) -> Build | None:
        """Find a build by id or ARN."""
        return self.builds.get(identity.rsplit(":build/", 1)[-1])

    def of_project(self, project: str) -> list[Build]:
        return [build for build in self.builds.values() if build.project == project]

    def started_by(self, asked: dict[str, Any]) -> Build | None:
        """The build that the same request has already started."""
        held = self._tokens.get((asked["projectName"], asked.get("idempotencyToken", "")))
        if held is None or time.monotonic() - held[0] > TOKEN_LIFE:
            return None
        if held[1] != asked:
            raise InvalidInputException(
                "The idempotency token was used before with other parameters"
            )
        return held[2]

    def add(self, build: Build, asked: dict[str, Any]) -> None:
        self.builds[build.id] = build
        token = asked.get("idempotencyToken")
        if token:
            self._tokens[asked["projectName"], token] = (time.monotonic(), asked, build)


def install(cloud: Cloud, *, minute: float = 60.0) -> None:
    """Run builds. ``minute`` is the length of a minute of a build's timeout, in seconds."""
    builds = Builds()

    def start_build(response: CodeBuildResponse) -> ActionResult:
        asked = _parameters(response)
        project = _project(response.codebuild_backend, asked)
        with builds.lock:
            build = builds.started_by(asked)
            if build is None:
                _require_quota(cloud, builds, project)
                number = len(builds.of_project(project["name"])) + 1
                build = new_build(cloud, project, asked, number)
                builds.add(build, asked)
                answer = build.snapshot()
                cloud.workers.submit(BuildRun(cloud, build, minute).run)
                return ActionResult({"build": answer})
        return ActionResult({"build": build.snapshot()})

    def batch_get_builds(response: CodeBuildResponse) -> ActionResult:
        asked = response._get_param("ids") or []
        found = {identity: builds.find(identity) for identity in asked}
        return ActionResult(
            {
                "builds": [build.snapshot() for build in found.values() if build],
                "buildsNotFound": [identity for identity, build in found.items() if not build],
            }
        )

    def stop_build(response: CodeBuildResponse) -> ActionResult:
        identity = response._get_param("id") or ""
        build = builds.find(identity)
        if build is None:
            raise ResourceNotFoundException(f"Build {identity} does not exist")
        build.stopping.set()
        return ActionResult({"build": build.snapshot()})

    def list_builds(response: CodeBuildResponse) -> ActionResult:
        return ActionResult({"ids": list(reversed(builds.builds))})

    def list_builds_for_project(response: CodeBuildResponse) -> ActionResult:
        asked = {"projectName": response._get_param("projectName")}
        project = _project(response.codebuild_backend, asked)
        found = [build.id for build in builds.of_project(project["name"])]
        return ActionResult({"ids": list(reversed(found))})

    operations: tuple[Callable[[CodeBuildResponse], ActionResult], ...] = (
        start_build,
        batch_get_builds,
        stop_build,
        list_builds,
        list_builds_for_project,
    )
    for operation in operations:
        replace(CodeBuildResponse, operation.__name__, operation)


def _parameters(response: CodeBuildResponse) -> dict[str, Any]:
    """Read the request. Raises InvalidInputException for parameters that are not supported here."""
    asked: dict[str, Any] = json.loads(response.body)
    unknown = sorted(set(asked) - set(OVERRIDES))
    if unknown:
        raise InvalidInputException(
            f"{', '.join(unknown)} is not honoured by the laptop's CodeBuild; "
            f"known here: {', '.join(OVERRIDES)}"
        )
    return asked


def _project(backend: CodeBuildBackend, asked: dict[str, Any]) -> dict[str, Any]:
    """The project to build. Raises when the project or the request cannot be built."""
    name = asked.get("projectName", "")
    project = backend.codebuild_projects.get(name)
    if project is None:
        region, account = backend.region_name, backend.account_id
        arn = formats.arn("codebuild", f"project/{name}", region=region, account=account)
        raise ResourceNotFoundException(f"Project cannot be found: {arn}")
    metadata = project.project_metadata
    _validate_overrides(asked)
    if metadata["source"]["type"] not in SOURCES:
        raise InvalidInputException(
            f"Source type {metadata['source']['type']} is not built on the laptop; "
            f"known here: {', '.join(SOURCES)}"
        )
    return metadata


def _require_quota(cloud: Cloud, builds: Builds, project: Mapping[str, Any]) -> None:
    """Raise AccountLimitExceededException when the quota of running builds is reached.

    The laptop has no queue: a build that CodeBuild would queue runs at once, and counts.
    """
    compute_type = _compute_type(project)
    name = f"Concurrently running builds for Linux/{compute_type} environment"
    most = cloud.quotas.value(name)
    running = [
        build
        for build in builds.builds.values()
        if not build.snapshot()["buildComplete"] and _compute_type(build.snapshot()) == compute_type
    ]
    if len(running) >= most:
        raise AccountLimitExceeded(
            f"Cannot have more than {most:g} builds in queue for the account"
        )


def _compute_type(record: Mapping[str, Any]) -> str:
    """The compute type as in quota names: ``2XLarge`` for BUILD_GENERAL1_2XLARGE."""
    name = str(record["environment"].get("computeType", "")).rpartition("_")[2]
    return name.title().replace("Xl", "XL")


def _validate_overrides(asked: dict[str, Any]) -> None:
    for override, (least, most) in LIMITS.items():
        minutes = asked.get(override)
        if minutes is not None and not least <= minutes <= most:
            raise InvalidInputException(
                f"Invalid {override}: {minutes}; it must be {least} to {most} minutes"
            )
    for variable in asked.get("environmentVariablesOverride", []):
        if variable.get("type", "PLAINTEXT") not in VARIABLE_TYPES:
            raise InvalidInputException(
                f"Variable {variable['name']} has type {variable['type']}; "
                f"known on the laptop: {', '.join(VARIABLE_TYPES)}"
            )
