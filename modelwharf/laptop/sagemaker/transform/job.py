"""One transform job: start the model's server, send every object to it, and end."""

import shutil
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from modelwharf.engines.engine import ImageMissing
from modelwharf.laptop import registry
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker.job import Job, JobKind
from modelwharf.laptop.sagemaker.job_events import transform_detail
from modelwharf.laptop.sagemaker.job_program import Output, StartError
from modelwharf.laptop.sagemaker.job_tree import failure_reason
from modelwharf.laptop.sagemaker.model_container import (
    ContainerPlan,
    ModelContainer,
    NotHealthy,
    StoppedWaiting,
)
from modelwharf.laptop.sagemaker.s3_transfers import S3Object, told_as
from modelwharf.laptop.sagemaker.transform import inputs
from modelwharf.laptop.sagemaker.transform.object_run import Failure, ObjectRun
from modelwharf.laptop.sagemaker.transform.plan import plan_of
from modelwharf.laptop.sagemaker.transform.settings import Settings, settings_of, variables_of
from modelwharf.laptop.sagemaker.variants import container_of, startup_seconds

STARTUP = 30 * 60.0  # seconds until a server must be healthy
NO_PING = (
    "Model container failed to respond to ping. Please ensure /ping endpoint is implemented and "
    "responds with an HTTP 200 status code"
)


class TransformJob(Job):
    """Runs a job from its input objects to their outputs."""

    kind = JobKind("transform job")

    def __init__(self, cloud: Cloud, held: Any, request: Mapping[str, Any]) -> None:
        super().__init__(cloud, held, request)
        self._plan = plan_of(self._request)
        backend = sagemaker_backends[cloud.account][cloud.region]
        self._container = container_of(backend, self._request["ModelName"])
        self._stream = f"{self.name}/{held.instance}-{int(datetime.now(UTC).timestamp())}"
        self._move("InProgress")

    @property
    def role(self) -> str:
        """The model's role: a transform job has none of its own."""
        return self._container.role

    def _run(self) -> None:
        try:
            objects = inputs.find(self._s3(), self._plan.source, manifest=self._plan.manifest)
            failures = self._transform(objects)
        except StoppedWaiting:
            self._end("Stopped")
        except NotHealthy:
            self._end("Failed", reason=failure_reason("AlgorithmError", NO_PING))
        else:
            if failures:
                first = failures[0]
                self._end("Failed", reason=failure_reason(first.kind, first.reason))
            else:
                self._end("Completed")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _transform(self, objects: Sequence[S3Object]) -> list[Failure]:
        """Send every object. Return the failures, in the objects' order."""
        server = self._server()
        over = threading.Event()
        stopper = threading.Thread(target=self._stop_with_job, args=(server, over), daemon=True)
        stopper.start()
        try:
            self._start(server)
            settings = settings_of(self._plan, server)
            self._log(str(settings))
            self._held.transform_start_time = datetime.now(UTC)
            return self._send(objects, server, settings)
        finally:
            over.set()
            stopper.join()
            server.stop()

    def _start(self, server: ModelContainer) -> None:
        try:
            digest = registry.pull(self._cloud, self._container.image, self.role)
            with told_as("Failed to download model data. "):
                program = server.launch(digest)
        except (registry.ImageRefused, ImageMissing) as error:
            raise StartError(str(error)) from None
        server.await_health(program, self.stopping)

    def _stop_with_job(self, server: ModelContainer, over: threading.Event) -> None:
        """End the server, and with it its running requests, once the job is to stop."""
        while not over.wait(0.1):
            if self.stopping.is_set():
                server.stop()
                return

    def _send(
        self, objects: Sequence[S3Object], server: ModelContainer, settings: Settings
    ) -> list[Failure]:
        workers = settings.concurrency
        # The settings limit the concurrent requests of all objects together.
        with ThreadPoolExecutor(workers) as requests, ThreadPoolExecutor(workers) as pool:
            run = ObjectRun(
                self._s3, self._plan, settings, server, requests, self.stopping, self.folder
            )
            results = [pool.submit(run, number, one) for number, one in enumerate(objects)]
            try:
                return self._failures(objects, results)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _failures(
        self, objects: Sequence[S3Object], results: Sequence[Future[Failure | None]]
    ) -> list[Failure]:
        failures = []
        for found, result in zip(objects, results, strict=True):
            failure = result.result()
            if failure is not None:
                failures.append(failure)
                for line in failure.lines:
                    self._log(f"{found.bucket}/{found.key}: {line}")
        return failures

    def _server(self) -> ModelContainer:
        plan = ContainerPlan(
            container=self._container,
            name=f"{self.kind.kebab}/{self.name}",
            session=f"SageMaker-{self.name}",
            folder=self.folder / "server",
            instance_type=self._request["TransformResources"]["InstanceType"],
            startup=startup_seconds(STARTUP),
            environment={**(self._request.get("Environment") or {}), **variables_of(self._plan)},
        )
        return ModelContainer(self._cloud, plan, self._writer(self._stream))

    def _writer(self, stream: str) -> Output:
        return Output(self._cloud, self.role, self._session, self._group, stream)

    def _log(self, text: str) -> None:
        """Write one of SageMaker's own lines to the job's data log."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        stream = f"{self._stream}/data-log"
        self._writer(stream)(f"{now}:[sagemaker logs]: {text}")

    @property
    def _group(self) -> str:
        return f"/aws/sagemaker/{self.kind.api}s"

    def _move(self, status: str) -> None:
        with self._lock:
            self._held.last_modified_time = datetime.now(UTC)
            self._held.transform_job_status = status

    def _end(self, status: str, *, reason: str | None = None) -> None:
        self._held.transform_end_time = datetime.now(UTC)
        self._held.failure_reason = reason
        self._move(status)
        self._announce()

    def _detail(self) -> dict[str, Any]:
        return transform_detail(self._request, self._held)
