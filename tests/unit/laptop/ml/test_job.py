"""What every kind of SageMaker job shares."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker.job import Job, JobKind
from modelwharf.laptop.sagemaker.s3_transfers import DataError


class CountingJob(Job):
    """A job whose work a test hands in."""

    kind = JobKind("counting job")
    failure: Exception | None = None
    reason: str | None = None

    def _run(self) -> None:
        if self.failure is not None:
            raise self.failure
        self._end("Completed")

    def _move(self, status: str) -> None:
        self._held.counting_job_status = status

    def _end(self, status: str, *, reason: str | None = None) -> None:
        self.reason = reason
        self._move(status)
        self._announce()

    def _detail(self) -> dict[str, Any]:
        return {"CountingJobStatus": self.status}


@pytest.fixture
def told() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def job(tmp_path: Path, told: list[tuple[str, Any]]) -> CountingJob:
    cloud = Cloud(directory=tmp_path, url="", region="eu-west-1")
    cloud.emit = lambda source, kind, detail, resources: told.append((kind, dict(detail)))
    held = SimpleNamespace(arn="arn", counting_job_status="InProgress")
    return CountingJob(cloud, held, {"CountingJobName": "one"})


def test_a_kind_is_written_as_each_interface_writes_it() -> None:
    kind = JobKind("hyper parameter tuning job")
    assert kind.api == "HyperParameterTuningJob"
    assert kind.snake == "hyper_parameter_tuning_job"
    assert kind.kebab == "hyper-parameter-tuning-job"


def test_a_job_tells_of_its_begin_and_its_end(
    job: CountingJob, told: list[tuple[str, Any]]
) -> None:
    job.run()
    assert told == [
        ("SageMaker Counting Job State Change", {"CountingJobStatus": "InProgress"}),
        ("SageMaker Counting Job State Change", {"CountingJobStatus": "Completed"}),
    ]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (DataError("no such bucket"), "ClientError: no such bucket"),
        (KeyError("x"), "InternalServerError: KeyError('x')"),
    ],
)
def test_a_job_that_cannot_be_run_fails_with_the_reason(
    job: CountingJob, failure: Exception, reason: str
) -> None:
    job.failure = failure
    job.run()
    assert (job.status, job.reason) == ("Failed", reason)


def test_a_stop_that_comes_after_the_end_changes_nothing(job: CountingJob) -> None:
    job.run()
    job.stop()
    assert job.status == "Completed"


def test_a_job_that_is_asked_to_stop_says_so(job: CountingJob) -> None:
    job.stop()
    assert job.status == "Stopping"
    assert not job.ended
