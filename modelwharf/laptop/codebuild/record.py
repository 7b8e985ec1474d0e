"""One build as BatchGetBuilds and CodeBuild's events show it."""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from modelwharf.laptop.cloud import Cloud

IMAGE = "this machine"  # the laptop pulls no build image


@dataclass
class Build:
    """One build. ``record`` has AWS's shape. Hold ``lock`` to read or change it."""

    record: dict[str, Any]
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def project(self) -> str:
        return str(self.record["projectName"])

    @property
    def role(self) -> str:
        return str(self.record["serviceRole"])

    @property
    def group(self) -> str:
        return str(self.record["logs"]["groupName"])

    @property
    def stream(self) -> str:
        return str(self.record["logs"]["streamName"])

    def snapshot(self) -> dict[str, Any]:
        with self.lock:
            copy: dict[str, Any] = json_copy(self.record)
        return copy

    def enter(self, phase: str) -> None:
        with self.lock:
            self.record["currentPhase"] = phase
            self.record["phases"].append({"phaseType": phase, "startTime": _now()})

    def leave(self, status: str, contexts: list[dict[str, str]] | None = None) -> None:
        """End the current phase. ``contexts`` give the reason of a failure."""
        with self.lock:
            phase = self.record["phases"][-1]
            end = _now()
            phase.update(
                phaseStatus=status,
                endTime=end,
                durationInSeconds=int((end - phase["startTime"]).total_seconds()),
                contexts=contexts or [],
            )

    def finish(self, status: str) -> None:
        with self.lock:
            self.record["phases"].append({"phaseType": "COMPLETED", "startTime": _now()})
            self.record.update(
                currentPhase="COMPLETED", buildStatus=status, buildComplete=True, endTime=_now()
            )


def new_build(
    cloud: Cloud, project: Mapping[str, Any], overrides: Mapping[str, Any], number: int
) -> Build:
    """Create the build that StartBuild returns. ``overrides`` are StartBuild's parameters."""
    stream = str(uuid.uuid4())
    identity = f"{project['name']}:{stream}"
    source = dict(project["source"])
    if overrides.get("buildspecOverride"):
        source["buildspec"] = overrides["buildspecOverride"]
    environment = dict(project["environment"])
    environment["environmentVariables"] = _merged(
        environment.get("environmentVariables") or [],
        overrides.get("environmentVariablesOverride") or [],
    )
    version = overrides.get("sourceVersion") or project.get("sourceVersion")
    record = {
        "id": identity,
        "arn": cloud.arn("codebuild", f"build/{identity}"),
        "buildNumber": number,
        "startTime": _now(),
        "currentPhase": "SUBMITTED",
        "buildStatus": "IN_PROGRESS",
        "projectName": project["name"],
        "phases": [],
        "source": source,
        "secondarySources": [],
        "artifacts": {"location": ""},
        "cache": {"type": "NO_CACHE"},
        "environment": environment,
        "serviceRole": project["serviceRole"],
        "logs": _logs(cloud, project, stream),
        "timeoutInMinutes": overrides.get("timeoutInMinutesOverride")
        or project.get("timeoutInMinutes")
        or 60,
        # The laptop has no queue: a build starts at once. This limit is reported, not enforced.
        "queuedTimeoutInMinutes": overrides.get("queuedTimeoutInMinutesOverride")
        or project.get("queuedTimeoutInMinutes")
        or 480,
        "buildComplete": False,
        "initiator": "modelwharf.laptop",
        "encryptionKey": project["encryptionKey"],
        **({"sourceVersion": version} if version else {}),
    }
    return Build(record)


def _merged(first: list[Any], second: list[Any]) -> list[dict[str, str]]:
    found = {item["name"]: {"type": "PLAINTEXT", **item} for item in [*first, *second]}
    return list(found.values())


def _logs(cloud: Cloud, project: Mapping[str, Any], stream: str) -> dict[str, Any]:
    configured = (project.get("logsConfig") or {}).get("cloudWatchLogs") or {}
    group = configured.get("groupName") or f"/aws/codebuild/{project['name']}"
    return {
        "groupName": group,
        "streamName": stream,
        "deepLink": f"{cloud.url}#logEvent:group={group};stream={stream}",
        "cloudWatchLogsArn": cloud.arn("logs", f"log-group:{group}:log-stream:{stream}"),
        "cloudWatchLogs": {"status": "ENABLED", **configured},
    }


def announce(cloud: Cloud, build: Build) -> None:
    """Emit "CodeBuild Build State Change", in the shape of the CodeBuild user guide."""
    record = build.snapshot()
    detail = {
        "build-status": record["buildStatus"],
        "project-name": record["projectName"],
        "build-id": record["arn"],
        "additional-information": {
            "environment": _environment(record["environment"]),
            "timeout-in-minutes": record["timeoutInMinutes"],
            "build-complete": record["buildComplete"],
            "build-number": record["buildNumber"],
            "initiator": record["initiator"],
            "build-start-time": _date(record["startTime"]),
            "source": {
                "type": record["source"]["type"],
                "location": record["source"].get("location", ""),
            },
            **({"source-version": record["sourceVersion"]} if "sourceVersion" in record else {}),
            "logs": {
                "group-name": record["logs"]["groupName"],
                "stream-name": record["logs"]["streamName"],
                "deep-link": record["logs"]["deepLink"],
            },
            "phases": [_phase(phase) for phase in record["phases"]],
        },
        "current-phase": record["currentPhase"],
        "current-phase-context": "[]",
        "version": "1",
    }
    cloud.emit("aws.codebuild", "CodeBuild Build State Change", detail, [record["arn"]])


def _environment(environment: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "image": environment.get("image", IMAGE),
        "privileged-mode": environment.get("privilegedMode", False),
        "compute-type": environment.get("computeType", ""),
        "type": environment.get("type", ""),
        "environment-variables": environment["environmentVariables"],
    }


def _phase(phase: Mapping[str, Any]) -> dict[str, Any]:
    found = {"phase-type": phase["phaseType"], "start-time": _date(phase["startTime"])}
    if "phaseStatus" in phase:
        found |= {
            "phase-context": [
                f"{context['statusCode']}: {context['message']}" for context in phase["contexts"]
            ],
            "end-time": _date(phase["endTime"]),
            "duration-in-seconds": phase["durationInSeconds"],
            "phase-status": phase["phaseStatus"],
        }
    return found


def _date(moment: datetime) -> str:
    hour = moment.strftime("%I").lstrip("0")
    return f"{moment:%b} {moment.day}, {moment:%Y} {hour}:{moment:%M:%S %p}"


def _now() -> datetime:
    return datetime.now(UTC)


def json_copy(value: Any) -> Any:
    """A deep copy of a structure of mappings and lists; all other values are immutable."""
    if isinstance(value, dict):
        return {key: json_copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_copy(item) for item in value]
    return value
