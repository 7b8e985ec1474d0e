"""How each job's true status is read, in the service's own words."""

import json

import pytest

from lambdas.handlers.prepare_data import prepare_data
from lambdas.handlers.train_model import train_model
from lambdas.job_status import SETTLEMENTS, settle
from lambdas.verdict import Failed, Running, Succeeded
from modelwharf.contracts.jobs import TYPES
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.releases import (
    OUTPUT,
    PROCESSING_JOB,
    RELEASE,
    TRAINING_JOB,
    document,
    task,
    trigger,
)
from tests.unit.lambdas.tarballs import tarball


def test_every_kind_of_row_can_be_settled() -> None:
    assert set(SETTLEMENTS) == set(TYPES.values())


class TestTraining:
    def settle(self, world: World, **facts: object) -> Running | Succeeded | Failed:
        train_model(world.runtime, task(document(upto="PrepareData")))
        world.sagemaker.training[TRAINING_JOB] |= facts
        [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
        return settle(world.runtime, row)

    def test_its_failure_is_reported_in_sagemaker_s_words(self, world: World) -> None:
        verdict = self.settle(
            world,
            TrainingJobStatus="Failed",
            FailureReason="AlgorithmError: bad data, exit code: 1",
        )
        assert verdict == Failed(
            error="TrainingFailed",
            cause=f"AlgorithmError: bad data, exit code: 1\ntraining job {TRAINING_JOB} Failed",
        )

    def test_running_past_its_time_names_the_limit_and_where_to_raise_it(
        self, world: World
    ) -> None:
        verdict = self.settle(
            world, TrainingJobStatus="Stopped", SecondaryStatus="MaxRuntimeExceeded"
        )
        assert isinstance(verdict, Failed)
        assert "its limit of 3600 seconds (MaxRuntimeExceeded)" in verdict.cause
        assert "raise max_runtime_seconds in /modelwharf/oil-price/training" in verdict.cause

    def test_stopped_by_hand_says_so(self, world: World) -> None:
        verdict = self.settle(
            world,
            TrainingJobStatus="Stopped",
            SecondaryStatus="Stopped",
            SecondaryStatusTransitions=[{"StatusMessage": "Training job stopped by user"}],
        )
        assert isinstance(verdict, Failed)
        assert verdict.cause == (
            f"Training job stopped by user\ntraining job {TRAINING_JOB} Stopped"
        )

    def test_stopping_is_not_stopped(self, world: World) -> None:
        assert self.settle(world, TrainingJobStatus="Stopping") == Running()

    def test_its_result_names_artifact_output_metrics_and_seconds(self, world: World) -> None:
        train_model(world.runtime, task(document(upto="PrepareData")))
        bucket, key = OUTPUT.removeprefix("s3://").split("/", 1)
        world.s3.put_object(Bucket=bucket, Key=key, Body=b"")
        world.sagemaker.finish_training(
            TRAINING_JOB,
            FinalMetricDataList=[
                {"MetricName": "holdout:mae", "Value": 1.5},
                {"MetricName": "holdout:skill", "Value": float("nan")},  # JSON has none
            ],
        )
        [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
        verdict = settle(world.runtime, row)
        assert isinstance(verdict, Succeeded)
        artifact = key.replace("output.tar.gz", "model.tar.gz")
        assert verdict.output.model_dump() == {
            "job": TRAINING_JOB,
            "artifact": f"s3://{bucket}/{artifact}",
            "artifact_version": world.s3.head_object(Bucket=bucket, Key=artifact)["VersionId"],
            "output": OUTPUT,
            "metrics": {"holdout:mae": 1.5},
            "seconds": 42,
            "reused": False,
        }

    def test_a_completed_job_whose_model_is_gone_has_failed(self, world: World) -> None:
        train_model(world.runtime, task(document(upto="PrepareData")))
        gone = "s3://artifacts/nowhere/model.tar.gz"
        world.sagemaker.finish_training(TRAINING_JOB, ModelArtifacts={"S3ModelArtifacts": gone})
        [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
        verdict = settle(world.runtime, row)
        assert isinstance(verdict, Failed)
        assert f"{gone} is not there: the program wrote nothing to /opt/ml/model" in verdict.cause

    @pytest.mark.parametrize(
        ("files", "expected"),
        [({}, Failed), ({"model.bin": b"1"}, Succeeded)],
    )
    def test_a_model_archive_without_a_file_is_reported_at_once(
        self, world: World, files: dict[str, bytes], expected: type[object]
    ) -> None:
        train_model(world.runtime, task(document(upto="PrepareData")))
        world.sagemaker.finish_training(TRAINING_JOB)
        bucket, key = OUTPUT.replace("output.tar.gz", "model.tar.gz")[5:].split("/", 1)
        world.s3.put_object(Bucket=bucket, Key=key, Body=tarball(files))
        [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
        verdict = settle(world.runtime, row)
        assert isinstance(verdict, expected)
        if isinstance(verdict, Failed):
            assert verdict.cause == (
                f"training job {TRAINING_JOB} wrote nothing to /opt/ml/model, "
                "so there is no model to serve"
            )

    def test_a_job_without_output_has_none(self, world: World) -> None:
        train_model(world.runtime, task(document(upto="PrepareData")))
        world.sagemaker.finish_training(TRAINING_JOB)
        [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
        verdict = settle(world.runtime, row)
        assert isinstance(verdict, Succeeded)
        assert verdict.output.model_dump()["output"] is None

    def test_a_job_not_submitted_yet_is_waited_for_as_long_as_a_function_may_live(
        self, world: World
    ) -> None:
        train_model(world.runtime, task(document(upto="PrepareData")))
        [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
        world.sagemaker.training.clear()
        unsubmitted = row.model_copy(update={"submitted": False})
        assert settle(world.runtime, unsubmitted) == Running()
        world.clock.time += 15 * 60 + 1
        assert isinstance(settle(world.runtime, unsubmitted), Failed)

    def test_a_submitted_job_that_is_gone_has_failed(self, world: World) -> None:
        train_model(world.runtime, task(document(upto="PrepareData")))
        [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
        world.sagemaker.training.clear()
        assert settle(world.runtime, row) == Failed(
            error="TrainingFailed", cause=f"there is no training job {TRAINING_JOB}"
        )


class TestProcessing:
    @pytest.fixture
    def started(self, world: World) -> World:
        version = world.s3.put_object(Bucket="data", Key="series/wti.csv", Body=b"x")["VersionId"]
        doc = document(upto="BuildImages", trigger=trigger(data_versions={"wti": version}))
        prepare_data(world.runtime, task(doc))
        return world

    def settle(self, world: World) -> Running | Succeeded | Failed:
        [row] = world.runtime.ledger.waiters(f"processing/{PROCESSING_JOB}")
        return settle(world.runtime, row)

    def test_its_failure_is_reported_in_the_program_s_words(self, started: World) -> None:
        started.sagemaker.finish_processing(
            PROCESSING_JOB, "Failed", ExitMessage="wti: a gap of 40 days", FailureReason="exit 1"
        )
        assert self.settle(started) == Failed(
            error="DataRejected",
            cause=f"wti: a gap of 40 days\nprocessing job {PROCESSING_JOB} Failed",
        )

    @pytest.mark.parametrize(
        "facts",
        [
            {"ExitMessage": "ModuleNotFoundError: No module named 'polars'"},
            {"ExitMessage": "pandas.errors.ParserError: line 3"},
            {"ExitMessage": "Traceback (most recent call last):\n..."},
            {"FailureReason": "AlgorithmError: exit code 137"},
        ],
    )
    def test_a_program_that_broke_has_not_refused_the_data(
        self, started: World, facts: dict[str, str]
    ) -> None:
        started.sagemaker.finish_processing(PROCESSING_JOB, "Failed", **facts)
        verdict = self.settle(started)
        assert isinstance(verdict, Failed)
        assert verdict.error == "PreparationFailed"
        assert verdict.cause.startswith(next(iter(facts.values())))

    def test_without_a_program_s_word_sagemaker_s_is_reported(self, started: World) -> None:
        started.sagemaker.finish_processing(
            PROCESSING_JOB, "Failed", FailureReason="AlgorithmError: exit code 137"
        )
        verdict = self.settle(started)
        assert isinstance(verdict, Failed)
        assert "AlgorithmError: exit code 137. If the image has no prepare program" in verdict.cause
        assert '"prepare": false in /modelwharf/oil-price/data\n' in verdict.cause

    def test_running_past_its_time_names_where_to_raise_it(self, started: World) -> None:
        started.sagemaker.finish_processing(
            PROCESSING_JOB, "Stopped", StoppingCondition={"MaxRuntimeInSeconds": 10}
        )
        verdict = self.settle(started)
        assert isinstance(verdict, Failed)
        assert "raise max_runtime_seconds in /modelwharf/oil-price/data" in verdict.cause

    def test_its_report_is_summed_up(self, started: World) -> None:
        report = {
            "fingerprint": "f1",
            "rows": 10,
            "wti": {"first": "1986-01-02"},
            "values": [1, 2],
            "text": "x" * 300,
            "findings": ["wti: 3 are gone", 7, "y" * 500],
        }
        started.s3.put_object(
            Bucket="artifacts",
            Key=f"releases/{RELEASE}/data/report.json",
            Body=json.dumps(report).encode(),
        )
        started.sagemaker.finish_processing(PROCESSING_JOB)
        verdict = self.settle(started)
        assert isinstance(verdict, Succeeded)
        assert verdict.output.model_dump() == {
            "uri": f"s3://artifacts/releases/{RELEASE}/data/",
            "job": PROCESSING_JOB,
            "channels": {},
            "fingerprint": "f1",
            "report": {
                "fingerprint": "f1",
                "rows": 10,
                "wti.first": "1986-01-02",
                "text": "x" * 200,
            },
            "findings": ("wti: 3 are gone", "y" * 400),
        }

    def test_findings_that_are_not_a_list_are_none(self, started: World) -> None:
        started.s3.put_object(
            Bucket="artifacts",
            Key=f"releases/{RELEASE}/data/report.json",
            Body=b'{"findings": {"wti": 1}}',
        )
        started.sagemaker.finish_processing(PROCESSING_JOB)
        verdict = self.settle(started)
        assert isinstance(verdict, Succeeded)
        assert verdict.output.model_dump()["findings"] == ()

    def test_a_report_is_optional(self, started: World) -> None:
        started.sagemaker.finish_processing(PROCESSING_JOB)
        verdict = self.settle(started)
        assert isinstance(verdict, Succeeded)
        assert verdict.output.model_dump()["report"] == {}
