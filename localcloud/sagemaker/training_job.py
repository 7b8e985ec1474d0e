"""One training job, from its request to its artifact, as SageMaker's steps have it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contracts import model_archive
from localcloud.cloud import Cloud
from localcloud.engine import Host
from localcloud.sagemaker.job import ENDED, Job, JobKind
from localcloud.sagemaker.job_events import training_detail
from localcloud.sagemaker.job_program import Ending, Exit, JobProgram
from localcloud.sagemaker.job_tree import JobTree
from localcloud.sagemaker.s3_transfers import (
    DataError,
    download_prefix,
    join_uri,
    split_uri,
    told_as,
    upload_archive,
)

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


class TrainingJob(Job):
    """Runs a job from its channels to its model artifact."""

    kind = JobKind("training job")

    def __init__(self, cloud: Cloud, held: Any, request: Mapping[str, Any]) -> None:
        super().__init__(cloud, held, request)
        self._metrics = Metrics(self._specification.get("MetricDefinitions") or [])
        held.secondary_status_transitions = []
        self._move("InProgress", "Starting")

    @property
    def _specification(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._request["AlgorithmSpecification"]
        return found

    def _run(self) -> None:
        tree = self._prepare()
        self._advance("Training")
        self._held.training_start_time = datetime.now(UTC)
        output = self._output(self._metrics)
        result = self._train(tree).run(output)
        self._held.final_metric_data_list = self._metrics.final()
        if result.ending is Ending.EXITED and result.code:
            own = tree.text("output/failure")
            self._end("Failed", reason=result.reason(own, output.tail))
            return
        self._require_plain_model(tree, result)
        self._upload(tree)
        self._finish(result)

    def _finish(self, result: Exit) -> None:
        if result.ending is Ending.OUT_OF_TIME:
            self._end("Stopped", secondary="MaxRuntimeExceeded")
        elif result.ending is Ending.STOPPED:
            self._end("Stopped")
        else:
            self._end("Completed")

    def _prepare(self) -> JobTree:
        tree = JobTree.create(self.folder, "input/data", "model", "output/data", "code")
        channels = self._request.get("InputDataConfig") or []
        given = self._request.get("HyperParameters") or {}
        tree.write_config("input/config/hyperparameters.json", given)
        tree.write_config(
            "input/config/inputdataconfig.json", {c["ChannelName"]: _config(c) for c in channels}
        )
        resources = _resources(self._request, self._cloud.engine.host)
        tree.write_config("input/config/resourceconfig.json", resources)
        self._advance("Downloading")
        s3 = self._s3()
        with told_as("Data download failed:"):
            for channel in channels:
                uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
                download_prefix(s3, uri, tree.folder / "input" / "data" / channel["ChannelName"])
        split_uri(self._request["OutputDataConfig"]["S3OutputPath"])
        return tree

    def _train(self, tree: JobTree) -> JobProgram:
        """SageMaker runs ``train``, unless the request names a program of its own."""
        entrypoint = self._specification.get("ContainerEntrypoint") or ()
        arguments = self._specification.get("ContainerArguments") or ()
        default = () if entrypoint else ("train",)
        image = self._specification["TrainingImage"]
        return self._program(
            tree,
            image,
            entrypoint,
            arguments or default,
            instance_type=self._request["ResourceConfig"]["InstanceType"],
            isolated=bool(self._request.get("EnableNetworkIsolation")),
        )

    @staticmethod
    def _require_plain_model(tree: JobTree, result: Exit) -> None:
        """Raises DataError. AWS packs links, and cannot unpack them when the endpoint starts."""
        faults = list(model_archive.faults_in(tree.folder / "model", result.left_out))
        if faults:
            raise DataError(
                f"Artifact upload failed: in /opt/ml/model {model_archive.in_words(faults)}. "
                f"{model_archive.ADVICE}"
            )

    def _upload(self, tree: JobTree) -> None:
        """A stopped job's model is kept, too, as far as the program came."""
        self._advance("Uploading")
        s3 = self._s3()
        target = self._request["OutputDataConfig"]
        artifact = self._held.model_artifacts["S3ModelArtifacts"]
        data = tree.folder / "output" / "data"
        with told_as("Artifact upload failed:"):
            self._require_encryption(target.get("KmsKeyId"))
            upload_archive(s3, tree.folder / "model", artifact, target.get("KmsKeyId"))
            if any(data.iterdir()):
                uri = join_uri(target["S3OutputPath"], self.name, "output", "output.tar.gz")
                upload_archive(s3, data, uri, target.get("KmsKeyId"))

    def _advance(self, secondary: str) -> None:
        """A step forward; while the job is stopping, its status stays Stopping."""
        with self._lock:
            self._move("Stopping" if self.stopping.is_set() else "InProgress", secondary)
        self._announce()

    def _end(self, status: str, *, reason: str | None = None, secondary: str | None = None) -> None:
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

    def _move(self, status: str, secondary: str | None = None, reason: str | None = None) -> None:
        """``secondary`` is the secondary status; the status itself unless another is given."""
        now = datetime.now(UTC)
        secondary = secondary or status
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

    def _detail(self) -> dict[str, Any]:
        return training_detail(self._request, self._held)


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


def _resources(request: Mapping[str, Any], host: Host) -> dict[str, Any]:
    kind = request["ResourceConfig"]["InstanceType"]
    group, hosts = "homogeneousCluster", [host.name]
    return {
        "current_host": host.name,
        "hosts": hosts,
        "network_interface_name": host.interface,
        "current_instance_type": kind,
        "current_group_name": group,
        "instance_groups": [{"instance_group_name": group, "instance_type": kind, "hosts": hosts}],
    }
