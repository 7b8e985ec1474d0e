"""A training of the very same ingredients is not paid for twice."""

import pytest

from lambdas.handlers.train_model import train_model
from lambdas.job_status import settle
from modelwharf.contracts.parameters import Training
from modelwharf.contracts.release import Image
from modelwharf.contracts.request import TriggerSource
from modelwharf.contracts.stages import PreparedRelease
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.releases import (
    OTHER,
    OUTPUT,
    RELEASE,
    TRAINING_JOB,
    document,
    image,
    plan,
    task,
    trigger,
)

READY = document(upto="PrepareData")
OTHER_JOB = f"oil-price-{OTHER}-train"


def later(**change: object) -> PreparedRelease:
    """Another release, whose data came from another upload of the same prices."""
    data = READY.data.model_copy(update={"uri": f"s3://artifacts/releases/{OTHER}/data/"})
    return document(OTHER, upto="PrepareData", **{"data": data, **change})


@pytest.fixture
def trained(world: World) -> World:
    """The first release's training is over, and its report was written."""
    train_model(world.runtime, task(READY, "first"))
    world.sagemaker.finish_training(TRAINING_JOB)
    bucket, key = OUTPUT.removeprefix("s3://").split("/", 1)
    world.s3.put_object(Bucket=bucket, Key=key, Body=b"report")
    [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
    settle(world.runtime, row)
    return world


def trains(world: World, doc: PreparedRelease) -> bool:
    train_model(world.runtime, task(doc, "second"))
    return OTHER_JOB in world.sagemaker.training


def test_the_same_image_data_and_settings_are_answered_with_the_earlier_job(
    trained: World,
) -> None:
    assert not trains(trained, later())
    output = trained.answers["second"]["output"]
    assert (output["job"], output["output"], output["reused"]) == (TRAINING_JOB, OUTPUT, True)
    assert trained.runtime.ledger.waiters(f"training/{OTHER_JOB}") == []


def test_more_time_or_room_trains_no_other_model(trained: World) -> None:
    training = Training(max_runtime_seconds=77, volume_gb=11)
    assert not trains(trained, later(plan=plan(training=training)))


@pytest.mark.parametrize(
    "change",
    [
        {"data": READY.data.model_copy(update={"fingerprint": "f2"})},
        {"data": READY.data.model_copy(update={"fingerprint": None})},
        {"plan": plan(training=Training(hyperparameters={"alpha": 1}))},
        {"plan": plan(training=Training(instance_type="ml.m5.xlarge"))},
        {"trigger": trigger(source=TriggerSource.REQUEST, reason="once more")},
    ],
)
def test_other_ingredients_or_a_request_by_hand_train(
    trained: World, change: dict[str, object]
) -> None:
    assert trains(trained, later(**change))


def test_another_training_image_trains(trained: World) -> None:
    images = READY.images
    assert images is not None
    other = Image(**{**image("training").model_dump(), "digest": "sha256:other"})
    assert trains(trained, later(images=images.model_copy(update={"training": other})))


@pytest.mark.parametrize("name", ["model.tar.gz", "output.tar.gz"])
def test_what_is_no_longer_there_is_trained_again(trained: World, name: str) -> None:
    bucket, key = OUTPUT.replace("output.tar.gz", name).removeprefix("s3://").split("/", 1)
    for one in trained.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        trained.s3.delete_object(Bucket=bucket, Key=key, VersionId=one["VersionId"])
    assert trains(trained, later())


def test_a_job_that_failed_is_not_reused(world: World) -> None:
    train_model(world.runtime, task(READY, "first"))
    world.sagemaker.training[TRAINING_JOB]["TrainingJobStatus"] = "Failed"
    [row] = world.runtime.ledger.waiters(f"training/{TRAINING_JOB}")
    settle(world.runtime, row)
    assert trains(world, later())


def test_a_retry_finds_its_own_job_not_an_earlier_one_s(trained: World) -> None:
    train_model(trained.runtime, task(READY, "retry"))
    assert trained.answers["retry"]["output"]["reused"] is False
    assert RELEASE in trained.answers["retry"]["output"]["job"]
