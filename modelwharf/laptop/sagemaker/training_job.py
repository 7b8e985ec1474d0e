"""One training job, from its request to its artifact, in SageMaker's steps."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from modelwharf.contracts.log_metrics import advice, figures_in
from modelwharf.engines.engine import Host, host_label
from modelwharf.engines.together import Ending, Together
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker.job import ENDED, Job, JobKind
from modelwharf.laptop.sagemaker.job_events import training_detail
from modelwharf.laptop.sagemaker.job_program import HostRun, JobProgram, algorithm_error
from modelwharf.laptop.sagemaker.job_tree import JobTree
from modelwharf.laptop.sagemaker.s3_transfers import split_uri, told_as
from modelwharf.laptop.sagemaker.training_input import (
    create_trees,
    download_channels,
    write_configuration,
)
from modelwharf.laptop.sagemaker.training_output import require_plain_models, together, upload

# Secondary status → its message in DescribeTrainingJob.
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
    cut: dict[str, str] = field(default_factory=dict)
    """The printed number, where an expression matched only its beginning."""

    def __call__(self, line: str) -> None:
        for definition in self.definitions:
            for read in figures_in(definition["Regex"], line):
                self.found[definition["Name"]] = (read.value, datetime.now(UTC))
                self.cut[definition["Name"]] = read.printed

    def warnings(self) -> Iterator[str]:
        """Warnings about values that differ from the printed numbers. SageMaker gives none."""
        for definition in self.definitions:
            name = definition["Name"]
            if self.cut.get(name):
                yield (
                    f"modelwharf: metric {name} is {self.found[name][0]:g}, but "
                    f"{self.cut[name]} was printed: {advice(definition['Regex'])}"
                )

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

    @property
    def _instances(self) -> int:
        return int(self._request["ResourceConfig"].get("InstanceCount") or 1)

    def _run(self) -> None:
        program = self._train()
        trees = create_trees(self.folder, self._instances)
        with closing(program.cluster(len(trees))) as cluster:
            self._prepare(trees, cluster.hosts)
            self._advance("Training")
            self._held.training_start_time = datetime.now(UTC)
            runs = [
                HostRun(tree, self._output(self._metrics, host=number))
                for number, tree in enumerate(trees)
            ]
            result = program.run(cluster, runs)
        self._held.final_metric_data_list = self._metrics.final()
        if result.failed is not None:
            self._end("Failed", reason=_reason(result, runs))
            return
        for words in self._metrics.warnings():
            runs[0].output(words)
        require_plain_models(trees, result.exits)
        self._upload(trees)
        self._finish(result.ending)

    def _finish(self, ending: Ending) -> None:
        if ending is Ending.OUT_OF_TIME:
            self._end("Stopped", secondary="MaxRuntimeExceeded")
        elif ending is Ending.STOPPED:
            self._end("Stopped")
        else:
            self._end("Completed")

    def _prepare(self, trees: Sequence[JobTree], hosts: Sequence[Host]) -> None:
        write_configuration(trees, self._request, hosts)
        self._advance("Downloading")
        download_channels(self._s3(), trees, self._request.get("InputDataConfig") or [])
        split_uri(self._request["OutputDataConfig"]["S3OutputPath"])

    def _train(self) -> JobProgram:
        """The program: ``train``, unless the request names another."""
        entrypoint = self._specification.get("ContainerEntrypoint") or ()
        arguments = self._specification.get("ContainerArguments") or ()
        default = () if entrypoint else ("train",)
        image = self._specification["TrainingImage"]
        return self._program(
            image,
            entrypoint,
            arguments or default,
            instance_type=self._request["ResourceConfig"]["InstanceType"],
            isolated=bool(self._request.get("EnableNetworkIsolation")),
        )

    def _upload(self, trees: Sequence[JobTree]) -> None:
        """Upload the model. A stopped job's model is kept, too, as far as it was written."""
        self._advance("Uploading")
        target = self._request["OutputDataConfig"]
        artifact = self._held.model_artifacts["S3ModelArtifacts"]
        folders = together(trees, self.folder / "together")
        with told_as("Artifact upload failed:"):
            self._require_encryption(target.get("KmsKeyId"))
            upload(self._s3(), folders, target, self.name, artifact)

    def _advance(self, secondary: str) -> None:
        """Move to the next step. While the job is stopping, its status stays Stopping."""
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
        """Set the status. ``secondary`` is the secondary status, equal to the status by default."""
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


def _reason(result: Together, runs: Sequence[HostRun]) -> str:
    """The FailureReason of the host that failed first."""
    number = result.failed or 0
    run, end = runs[number], result.exits[number]
    host = host_label(number) if len(runs) > 1 else None
    return algorithm_error(end, run.tree.text("output/failure"), run.output.tail, host)
