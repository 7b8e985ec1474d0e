import pytest

from lambdas.handlers.train_model import train_model
from modelwharf.contracts.parameters import MetricDefinition, Training
from modelwharf.contracts.release import PreparedData
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import RELEASE, TRAINING_JOB, document, plan, task

READY = document(upto="PrepareData")


def test_the_row_stands_before_the_job_is_asked_for(world: World) -> None:
    class Refusing:
        def create_training_job(self, **_: object) -> None:
            raise InterruptedError

    world.sagemaker = Refusing()  # type: ignore[assignment]
    with pytest.raises(InterruptedError):
        train_model(world.runtime, task(READY))
    [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
    assert (row.token, row.state, row.submitted) == ("token", "Train", False)


def test_a_running_job_is_waited_for_without_output(world: World) -> None:
    train_model(world.runtime, task(READY))
    assert world.answers == {}
    [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
    assert row.submitted


def test_the_job_is_made_from_the_plan(world: World) -> None:
    training = Training(
        hyperparameters={"alpha": 0.5, "name": "ridge", "deep": True},
        instance_type="ml.m5.xlarge",
        max_runtime_seconds=77,
        metric_definitions=(MetricDefinition(name="mae", regex="mae=(.*)"),),
    )
    ready = document(upto="PrepareData", plan=plan(training=training))
    train_model(world.runtime, task(ready))
    job = world.sagemaker.training[TRAINING_JOB]
    assert job["HyperParameters"] == {"alpha": "0.5", "name": "ridge", "deep": "true"}
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 77}
    assert job["ResourceConfig"]["InstanceType"] == "ml.m5.xlarge"
    assert job["AlgorithmSpecification"]["MetricDefinitions"] == [
        {"Name": "mae", "Regex": "mae=(.*)"}
    ]
    assert job["OutputDataConfig"] == {
        "S3OutputPath": f"s3://artifacts/releases/{RELEASE}/training",
        "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/storage",
    }
    [channel] = job["InputDataConfig"]
    assert channel["ChannelName"] == "training"
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == READY.data.uri


def test_each_channel_of_ready_data_is_one_of_the_job_s(world: World) -> None:
    channels = {"train": "s3://artifacts/a/", "validation": "s3://artifacts/b/"}
    data = PreparedData(uri="s3://artifacts/", job=None, channels=channels)
    train_model(world.runtime, task(document(upto="PrepareData", data=data)))
    job = world.sagemaker.training[TRAINING_JOB]
    assert {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in job["InputDataConfig"]
    } == channels


@pytest.mark.parametrize("isolated", [True, False])
def test_the_job_is_isolated_from_the_network_when_the_project_wants_it(
    world: World, isolated: bool
) -> None:
    training = Training(network_isolation=isolated)
    train_model(world.runtime, task(document(upto="PrepareData", plan=plan(training=training))))
    assert world.sagemaker.training[TRAINING_JOB]["EnableNetworkIsolation"] is isolated


def test_a_job_that_was_over_already_is_answered_at_once(world: World) -> None:
    train_model(world.runtime, task(READY, "dead"))
    world.sagemaker.finish_training(TRAINING_JOB)
    train_model(world.runtime, task(READY, "alive"))
    assert world.answers["alive"]["output"]["job"] == TRAINING_JOB
    assert world.runtime.ledger.waiters(f"training/{TRAINING_JOB}") == []


def test_killed_at_any_call_and_called_again_it_trains_once_and_answers(world: World) -> None:
    token = 0

    def run(runtime: object) -> None:
        nonlocal token
        token += 1
        train_model(runtime, task(READY, f"token-{token}"))  # type: ignore[arg-type]

    places = []
    for place in killed_everywhere(world, run):
        places.append(place)
        token += 1
        train_model(world.runtime, task(READY, f"token-{token}"))
        assert len(world.sagemaker.training) == 1, place
        [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
        assert row.token == f"token-{token}", place
        world.sagemaker.training.clear()
    assert len(places) >= 6  # row, job, mark: each before and after
