"""One processing job: download the inputs, run the program, upload the outputs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from modelwharf.engines.together import Ending
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker.job import Job, JobKind
from modelwharf.laptop.sagemaker.job_events import processing_detail
from modelwharf.laptop.sagemaker.job_program import HostRun, algorithm_error
from modelwharf.laptop.sagemaker.job_tree import JobTree
from modelwharf.laptop.sagemaker.s3_transfers import download_prefix, upload_folder


class ProcessingJob(Job):
    """Runs a job between S3 prefixes."""

    kind = JobKind("processing job")

    def __init__(self, cloud: Cloud, held: Any, request: Mapping[str, Any]) -> None:
        super().__init__(cloud, held, request)
        self._move("InProgress")

    def _run(self) -> None:
        tree = self._prepare()
        self._held.processing_start_time = datetime.now(UTC)
        output = self._output()
        specification = self._request["AppSpecification"]
        resources = self._request["ProcessingResources"]
        network = self._request.get("NetworkConfig") or {}
        program = self._program(
            specification["ImageUri"],
            specification.get("ContainerEntrypoint") or (),
            specification.get("ContainerArguments") or (),
            instance_type=(resources.get("ClusterConfig") or {}).get("InstanceType", ""),
            isolated=bool(network.get("EnableNetworkIsolation")),
        )
        result = program.run(program.cluster(1), [HostRun(tree, output)])
        (end,) = result.exits
        self._held.exit_message = tree.text("output/message") or None
        if result.failed is not None:
            reason = algorithm_error(end, self._held.exit_message, output.tail)
            self._end("Failed", reason=reason)
            return
        self._upload(tree)
        if result.ending is Ending.OUT_OF_TIME:
            reason = "MaxRuntimeExceeded: the job ran past MaxRuntimeInSeconds"
            self._end("Stopped", reason=reason)
        else:
            self._end("Stopped" if result.ending is Ending.STOPPED else "Completed")

    def _prepare(self) -> JobTree:
        tree = JobTree.create(self.folder, "config", "processing", "output")
        resources = self._request["ProcessingResources"]
        config = {
            "ProcessingJobArn": self._held.arn,
            "ProcessingJobName": self.name,
            "AppSpecification": self._request["AppSpecification"],
            "Environment": self._request.get("Environment") or {},
            "ProcessingInputs": self._inputs,
            "ProcessingOutputConfig": self._request.get("ProcessingOutputConfig"),
            "ProcessingResources": resources,
            "RoleArn": self._request["RoleArn"],
            "StoppingCondition": self._request.get("StoppingCondition"),
        }
        tree.write_config("config/processingjobconfig.json", config)
        host = self._cloud.engine.host.name
        tree.write_config("config/resourceconfig.json", {"current_host": host, "hosts": [host]})
        s3 = self._s3()
        for item in self._inputs:
            source = item["S3Input"]
            download_prefix(s3, source["S3Uri"], tree.host(source["LocalPath"]))
        for item in self._outputs:
            tree.host(item["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        return tree

    def _upload(self, tree: JobTree) -> None:
        s3 = self._s3()
        key = (self._request.get("ProcessingOutputConfig") or {}).get("KmsKeyId")
        self._require_encryption(key)
        for item in self._outputs:
            target = item["S3Output"]
            upload_folder(s3, tree.host(target["LocalPath"]), target["S3Uri"], key)

    @property
    def _inputs(self) -> list[Any]:
        return list(self._request.get("ProcessingInputs") or [])

    @property
    def _outputs(self) -> list[Any]:
        return list((self._request.get("ProcessingOutputConfig") or {}).get("Outputs") or [])

    def _move(self, status: str) -> None:
        with self._lock:
            self._held.last_modified_time = datetime.now(UTC)
            self._held.processing_job_status = status

    def _end(self, status: str, *, reason: str | None = None) -> None:
        self._held.processing_end_time = datetime.now(UTC)
        self._held.failure_reason = reason
        self._move(status)
        self._announce()

    def _detail(self) -> dict[str, Any]:
        return processing_detail(self._request, self._held)
