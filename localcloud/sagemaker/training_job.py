"""One training job, from its request to its artifact, as SageMaker's steps have it."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any

from moto.sagemaker.models import FakeTrainingJob

from localcloud.cloud import Cloud
from localcloud.engine import Engine
from localcloud.sagemaker.job_events import training_detail
from localcloud.sagemaker.job_program import Ending, Exit, JobProgram, Output, StartError
from localcloud.sagemaker.job_tree import (
    HOST,
    DataError,
    JobTree,
    download_prefix,
    failure_reason,
    join_uri,
    plain,
    split_uri,
    upload_archive,
)

log = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
DEFAULT_MAX_RUNTIME = 86400  # seconds (StoppingCondition)
ENDED = ("Completed", "Failed", "Stopped")

# Secondary status → what DescribeTrainingJob says of it.
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds",
}


@dataclass
class Metrics:
    """The last value of each metric that a definition's expression found in the log."""

    definitions: Sequence[Mapping[str, str]]
    found: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def __call__(self, line: str) -> None:
        for definition in self.definitions:
            match = re.search(definition["Regex"], line)
            try:
                if match is not None:
                    self.found[definition["Name"]] = (float(match[1]), datetime.now(UTC))
            except (ValueError, IndexError):
                continue  # Not a number, or no group: SageMaker drops it as well.

    def final(self) -> list[dict[str, Any]]:
        return [
            {"MetricName": name, "Value": value, "Timestamp": moment}
            for name, (value, moment) in self.found.items()
        ]


class TrainingJob:
    """Runs a job; ``held`` is what moto lists and describes, kept up to date here."""

    def __init__(
        self, cloud: Cloud, engine: Engine, held: FakeTrainingJob, request: Mapping[str, Any]
    ) -> None:
        self._cloud = cloud
        self._engine = engine
        self._held: Any = held
        self._request = plain(request)
        self._lock = Lock()
        self._metrics = Metrics(self._specification.get("MetricDefinitions") or [])
        self.stopping = Event()
        held.secondary_status_transitions = []
        self._move("InProgress", "Starting")

    @property
    def name(self) -> str:
        return str(self._request["TrainingJobName"])

    @property
    def _specification(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._request["AlgorithmSpecification"]
        return found

    @property
    def ended(self) -> bool:
        return self._held.training_job_status in ENDED

    def stop(self) -> None:
        """Ask the job to stop; it does when its program lets it."""
        self.stopping.set()
        with self._lock:
            running = not self.ended
        if running:
            self._move("Stopping", "Stopping")

    def run(self) -> None:
        """Run to the end. Whatever happens, the job ends with a status and an event."""
        self._announce()
        try:
            self._run()
        except (StartError, DataError) as error:
            self._end("Failed", "Failed", failure_reason("ClientError", str(error)))
        except Exception as error:
            log.exception("training job %s", self.name)
            self._end("Failed", "Failed", failure_reason("InternalServerError", repr(error)))

    def _run(self) -> None:
        tree = self._prepare()
        self._advance("Training")
        self._held.training_start_time = datetime.now(UTC)
        output = Output(self._cloud, LOG_GROUP, self._stream(), listeners=[self._metrics])
        result = self._program(tree).run(output)
        self._held.final_metric_data_list = self._metrics.final()
        if result.ending is Ending.EXITED and result.code:
            text = tree.text("output/failure") or "\n".join(output.tail)
            self._end("Failed", "Failed", failure_reason("AlgorithmError", text, result.code))
            return
        self._upload(tree)
        self._finish(result)

    def _finish(self, result: Exit) -> None:
        if result.ending is Ending.OUT_OF_TIME:
            self._end("Stopped", "MaxRuntimeExceeded")
        elif result.ending is Ending.STOPPED:
            self._end("Stopped", "Stopped")
        else:
            self._end("Completed", "Completed")

    def _prepare(self) -> JobTree:
        folder = self._cloud.directory / "training" / self.name
        tree = JobTree.create(folder, "input/data", "model", "output/data", "code")
        channels = self._request.get("InputDataConfig") or []
        given = self._request.get("HyperParameters") or {}
        tree.write_config("input/config/hyperparameters.json", given)
        tree.write_config(
            "input/config/inputdataconfig.json", {c["ChannelName"]: _config(c) for c in channels}
        )
        tree.write_config("input/config/resourceconfig.json", _resources(self._request))
        self._advance("Downloading")
        s3 = self._s3()
        for channel in channels:
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            download_prefix(s3, uri, tree.folder / "input" / "data" / channel["ChannelName"])
        split_uri(self._request["OutputDataConfig"]["S3OutputPath"])
        return tree

    def _program(self, tree: JobTree) -> JobProgram:
        condition = self._request.get("StoppingCondition") or {}
        arguments = self._specification.get("ContainerArguments") or ["train"]
        entrypoint = self._specification.get("ContainerEntrypoint")
        if entrypoint and not self._specification.get("ContainerArguments"):
            arguments = []
        return JobProgram(
            cloud=self._cloud,
            engine=self._engine,
            name=self.name,
            image=self._specification["TrainingImage"],
            role=self._request["RoleArn"],
            tree=tree,
            environment={
                **(self._request.get("Environment") or {}),
                "TRAINING_JOB_NAME": self.name,
                "TRAINING_JOB_ARN": self._held.arn,
            },
            arguments=tuple(arguments),
            entrypoint=tuple(entrypoint) if entrypoint else None,
            max_runtime=condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME),
            stopping=self.stopping,
        )

    def _upload(self, tree: JobTree) -> None:
        """A stopped job's model is kept, too, as far as the program came."""
        self._advance("Uploading")
        s3 = self._s3()
        prefix = self._request["OutputDataConfig"]["S3OutputPath"]
        upload_archive(s3, tree.folder / "model", self._held.model_artifacts["S3ModelArtifacts"])
        data = tree.folder / "output" / "data"
        if any(data.iterdir()):
            upload_archive(s3, data, join_uri(prefix, self.name, "output", "output.tar.gz"))

    def _s3(self) -> Any:
        role = self._request["RoleArn"]
        return self._cloud.client("s3", role=role, session=f"SageMaker-{self.name}")

    def _stream(self) -> str:
        return f"{self.name}/{HOST}-{int(datetime.now(UTC).timestamp())}"

    def _advance(self, secondary: str) -> None:
        """A step forward; while the job is stopping, its status stays Stopping."""
        status = "Stopping" if self.stopping.is_set() else "InProgress"
        self._move(status, secondary)
        self._announce()

    def _end(self, status: str, secondary: str, reason: str | None = None) -> None:
        now = datetime.now(UTC)
        started = getattr(self._held, "training_start_time", None)
        if started is not None:
            self._held.training_end_time = now
            seconds = int((now - started).total_seconds())
            self._held.training_time_in_seconds = seconds
            self._held.billable_time_in_seconds = seconds
        self._held.failure_reason = reason
        self._move(status, secondary, reason)
        self._announce()

    def _move(self, status: str, secondary: str, reason: str | None = None) -> None:
        now = datetime.now(UTC)
        with self._lock:
            if self._held.secondary_status_transitions:
                self._held.secondary_status_transitions[-1].setdefault("EndTime", now)
            self._held.secondary_status_transitions.append(
                {
                    "Status": secondary,
                    "StartTime": now,
                    "StatusMessage": reason or MESSAGES[secondary],
                }
            )
            if status in ENDED:
                self._held.secondary_status_transitions[-1]["EndTime"] = now
            self._held.secondary_status = secondary
            self._held.last_modified_time = now
            self._held.training_job_status = status

    def _announce(self) -> None:
        detail = training_detail(self._request, self._held)
        self._cloud.emit(
            "aws.sagemaker", "SageMaker Training Job State Change", detail, [self._held.arn]
        )


def _config(channel: Mapping[str, Any]) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    found = {
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    if channel.get("ContentType"):
        found["ContentType"] = channel["ContentType"]
    return found


def _resources(request: Mapping[str, Any]) -> dict[str, Any]:
    kind = request["ResourceConfig"]["InstanceType"]
    group = "homogeneousCluster"
    return {
        "current_host": HOST,
        "hosts": [HOST],
        "network_interface_name": "lo",
        "current_instance_type": kind,
        "current_group_name": group,
        "instance_groups": [{"instance_group_name": group, "instance_type": kind, "hosts": [HOST]}],
    }
