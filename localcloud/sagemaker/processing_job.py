"""One processing job: inputs in, the program, outputs out."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Event
from typing import Any

from moto.sagemaker.models import FakeProcessingJob

from localcloud.cloud import Cloud
from localcloud.engine import Engine
from localcloud.sagemaker.job_events import processing_detail
from localcloud.sagemaker.job_program import Ending, Exit, JobProgram, Output, StartError
from localcloud.sagemaker.job_tree import (
    HOST,
    DataError,
    JobTree,
    download_prefix,
    failure_reason,
    plain,
    upload_folder,
)

log = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
DEFAULT_MAX_RUNTIME = 86400  # seconds (ProcessingStoppingCondition)
ENDED = ("Completed", "Failed", "Stopped")


class ProcessingJob:
    """Runs a job; ``held`` is what moto lists and describes, kept up to date here."""

    def __init__(
        self, cloud: Cloud, engine: Engine, held: FakeProcessingJob, request: Mapping[str, Any]
    ) -> None:
        self._cloud = cloud
        self._engine = engine
        self._held: Any = held
        self._request = plain(request)
        self.stopping = Event()
        self._move("InProgress")

    @property
    def name(self) -> str:
        return str(self._request["ProcessingJobName"])

    @property
    def ended(self) -> bool:
        return self._held.processing_job_status in ENDED

    def stop(self) -> None:
        self.stopping.set()
        if not self.ended:
            self._move("Stopping")

    def run(self) -> None:
        """Run to the end. Whatever happens, the job ends with a status and an event."""
        self._announce()
        try:
            self._run()
        except (StartError, DataError) as error:
            self._end("Failed", failure_reason("ClientError", str(error)))
        except Exception as error:
            log.exception("processing job %s", self.name)
            self._end("Failed", failure_reason("InternalServerError", repr(error)))

    def _run(self) -> None:
        tree = self._prepare()
        self._held.processing_start_time = datetime.now(UTC)
        stream = f"{self.name}/{HOST}-{int(datetime.now(UTC).timestamp())}"
        output = Output(self._cloud, LOG_GROUP, stream)
        result = self._program(tree).run(output)
        self._held.exit_message = tree.text("output/message") or None
        if result.ending is Ending.EXITED and result.code:
            self._end("Failed", _reason(result, self._held.exit_message, output))
            return
        self._upload(tree)
        if result.ending is Ending.OUT_OF_TIME:
            self._end("Stopped", "MaxRuntimeExceeded: the job ran past MaxRuntimeInSeconds")
        else:
            self._end("Stopped" if result.ending is Ending.STOPPED else "Completed")

    def _prepare(self) -> JobTree:
        folder = self._cloud.directory / "processing" / self.name
        tree = JobTree.create(folder, "config", "processing", "output")
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
        tree.write_config("config/resourceconfig.json", {"current_host": HOST, "hosts": [HOST]})
        s3 = self._s3()
        for item in self._inputs:
            source = item["S3Input"]
            download_prefix(s3, source["S3Uri"], tree.host(source["LocalPath"]))
        for item in self._outputs:
            tree.host(item["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        return tree

    def _program(self, tree: JobTree) -> JobProgram:
        specification = self._request["AppSpecification"]
        entrypoint = specification.get("ContainerEntrypoint")
        condition = self._request.get("StoppingCondition") or {}
        return JobProgram(
            cloud=self._cloud,
            engine=self._engine,
            name=self.name,
            image=specification["ImageUri"],
            role=self._request["RoleArn"],
            tree=tree,
            environment={
                **(self._request.get("Environment") or {}),
                "PROCESSING_JOB_NAME": self.name,
                "PROCESSING_JOB_ARN": self._held.arn,
            },
            arguments=tuple(specification.get("ContainerArguments") or ()),
            entrypoint=tuple(entrypoint) if entrypoint else None,
            max_runtime=condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME),
            stopping=self.stopping,
        )

    def _upload(self, tree: JobTree) -> None:
        s3 = self._s3()
        for item in self._outputs:
            target = item["S3Output"]
            upload_folder(s3, tree.host(target["LocalPath"]), target["S3Uri"])

    @property
    def _inputs(self) -> list[Any]:
        return list(self._request.get("ProcessingInputs") or [])

    @property
    def _outputs(self) -> list[Any]:
        return list((self._request.get("ProcessingOutputConfig") or {}).get("Outputs") or [])

    def _s3(self) -> Any:
        role = self._request["RoleArn"]
        return self._cloud.client("s3", role=role, session=f"SageMaker-{self.name}")

    def _end(self, status: str, reason: str | None = None) -> None:
        self._held.processing_end_time = datetime.now(UTC)
        self._held.failure_reason = reason
        self._move(status)
        self._announce()

    def _move(self, status: str) -> None:
        self._held.last_modified_time = datetime.now(UTC)
        self._held.processing_job_status = status

    def _announce(self) -> None:
        detail = processing_detail(self._request, self._held)
        self._cloud.emit(
            "aws.sagemaker", "SageMaker Processing Job State Change", detail, [self._held.arn]
        )


def _reason(result: Exit, message: str | None, output: Output) -> str:
    text = message or "\n".join(output.tail) or "See job logs for more information"
    return failure_reason("AlgorithmError", text, result.code)
