"""What every kind of SageMaker job shares: names, status, run and end."""

import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, RLock
from typing import Any, ClassVar

from modelwharf.engines import disk
from modelwharf.engines.engine import EngineLost, host_label
from modelwharf.laptop import iam
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker.job_program import JobProgram, Output, StartError
from modelwharf.laptop.sagemaker.job_tree import failure_reason, plain
from modelwharf.laptop.sagemaker.s3_transfers import DataError

log = logging.getLogger(__name__)

DEFAULT_MAX_RUNTIME = 86400  # seconds (StoppingCondition, ProcessingStoppingCondition)
ENDED = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class JobKind:
    """A kind of job by SageMaker's name, such as ``training job``."""

    words: str

    @property
    def api(self) -> str:
        """The name in API operations, as in CreateTrainingJob."""
        return self.words.title().replace(" ", "")

    @property
    def snake(self) -> str:
        """The name in moto's and boto3's functions, as in ``create_training_job``."""
        return self.words.replace(" ", "_")

    @property
    def kebab(self) -> str:
        """The name in ARNs, as in ``…:training-job/name``."""
        return self.words.replace(" ", "-")


class Job(ABC):
    """Runs a job. ``held`` is the object that moto lists and describes, updated here."""

    kind: ClassVar[JobKind]

    def __init__(self, cloud: Cloud, held: Any, request: Mapping[str, Any]) -> None:
        self._cloud = cloud
        self._held = held
        self._request = plain(request)
        self._lock = RLock()
        self.stopping = Event()

    @property
    def request(self) -> Mapping[str, Any]:
        """The parameters of the Create… call."""
        request: Mapping[str, Any] = self._request
        return request

    @property
    def name(self) -> str:
        return str(self._request[f"{self.kind.api}Name"])

    @property
    def role(self) -> str:
        """The execution role's ARN: its policies judge what the job does."""
        return str(self._request["RoleArn"])

    @property
    def folder(self) -> Path:
        """The job's folder on this machine, named by the kind's first word and the job's name."""
        return self._cloud.directory / self.kind.words.split()[0] / self.name

    @property
    def status(self) -> str:
        return str(getattr(self._held, f"{self.kind.snake}_status"))

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def stop(self) -> None:
        """Ask the job to stop. It ends when its program does."""
        self.stopping.set()
        with self._lock:  # it may end at the same time
            if not self.ended:
                self._move("Stopping")

    def run(self) -> None:
        """Run to the end. In every case, the job ends with a status and an event."""
        self._announce()
        try:
            self._run()
        except (StartError, DataError) as error:
            self._end("Failed", reason=failure_reason("ClientError", str(error)))
        except EngineLost as error:
            self._end("Failed", reason=failure_reason("InternalServerError", str(error)))
        except OSError as error:
            if disk.is_full(error):
                shutil.rmtree(self.folder, ignore_errors=True)
            words = disk.in_words(error, self._cloud.directory)
            self._end("Failed", reason=failure_reason("InternalServerError", words))
        except Exception as error:
            log.exception("%s %s", self.kind.words, self.name)
            self._end("Failed", reason=failure_reason("InternalServerError", repr(error)))

    @abstractmethod
    def _run(self) -> None:
        """Do the work. Raises StartError or DataError for a fault of the request."""

    @abstractmethod
    def _move(self, status: str) -> None:
        """Set the status and record the time."""

    @abstractmethod
    def _end(self, status: str, *, reason: str | None = None) -> None:
        """Record the end and announce it. ``reason`` is the FailureReason."""

    @abstractmethod
    def _detail(self) -> dict[str, Any]:
        """The detail of a state change event."""

    def _announce(self) -> None:
        detail_type = f"SageMaker {self.kind.words.title()} State Change"
        self._cloud.emit("aws.sagemaker", detail_type, self._detail(), [self._held.arn])

    @property
    def _session(self) -> str:
        return f"SageMaker-{self.name}"

    def _s3(self) -> Any:
        return self._cloud.client("s3", role=self.role, session=self._session)

    def _require_encryption(self, key: str | None) -> None:
        """Check the permission to write with a KMS key, which a job needs in addition to S3's.

        Raises DataError (API reference, OutputDataConfig: ``kms:Encrypt``).
        """
        arn = iam.key_arn(self._cloud, key) if key else None
        if arn is None:
            return
        try:
            iam.require_of_role(self._cloud, self.role, self._session, "kms:Encrypt", arn)
        except (iam.AccessDenied, iam.UnknownPrincipal) as error:
            raise DataError(f"Encrypt failed for {arn}: AccessDenied: {error}") from None

    def _output(self, *listeners: Callable[[str], None], host: int = 0) -> Output:
        """The log stream of one of the job's hosts, numbered from 0."""
        stream = f"{self.name}/{host_label(host)}-{int(datetime.now(UTC).timestamp())}"
        group = f"/aws/sagemaker/{self.kind.api}s"
        return Output(
            self._cloud, self.role, self._session, group, stream, listeners=list(listeners)
        )

    def _program(
        self,
        image: str,
        entrypoint: Sequence[str],
        arguments: Sequence[str],
        *,
        instance_type: str,
        isolated: bool,
    ) -> JobProgram:
        """The program to run: ``entrypoint``, or the image's own."""
        condition = self._request.get("StoppingCondition") or {}
        prefix = self.kind.snake.upper()
        return JobProgram(
            cloud=self._cloud,
            name=f"{self.kind.kebab}/{self.name}",
            image=image,
            role=self.role,
            environment={
                **(self._request.get("Environment") or {}),
                f"{prefix}_NAME": self.name,
                f"{prefix}_ARN": self._held.arn,
            },
            arguments=tuple(arguments),
            entrypoint=tuple(entrypoint) or None,
            instance_type=instance_type,
            isolated=isolated,
            max_runtime=condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME),
            stopping=self.stopping,
        )
