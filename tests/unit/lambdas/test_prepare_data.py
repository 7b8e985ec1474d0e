import json
from typing import Any

import pytest

from lambdas.endpoint_rows import Champion
from lambdas.errors import MissingData
from lambdas.handlers.prepare_data import prepare_data
from modelwharf.contracts.parameters import Data, DataInput, Training
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere
from tests.unit.lambdas.releases import (
    OTHER,
    PROCESSING_JOB,
    RELEASE,
    document,
    plan,
    task,
    trigger,
)


def put(world: World, key: str, text: str) -> str:
    return str(world.s3.put_object(Bucket="data", Key=key, Body=text.encode())["VersionId"])


def ready(versions: dict[str, str], **data: Any) -> Any:
    data = {"inputs": {name: DataInput(key=f"series/{name}.csv") for name in versions}, **data}
    return document(
        upto="BuildImages",
        trigger=trigger(data_versions=versions),
        plan=plan(data=Data(**data)),
    )


def read(world: World, key: str) -> str:
    body = world.s3.get_object(Bucket="artifacts", Key=f"releases/{RELEASE}/{key}")["Body"]
    return str(body.read().decode())


def test_the_pinned_version_is_used_and_not_the_newest(world: World) -> None:
    old = put(world, "series/wti.csv", "old")
    put(world, "series/wti.csv", "new")
    prepare_data(world.runtime, task(ready({"wti": old})))
    assert read(world, "raw/wti.csv") == "old"


def test_the_program_learns_names_and_options(world: World) -> None:
    versions = {name: put(world, f"series/{name}.csv", name) for name in ("wti", "sp500")}
    prepare_data(world.runtime, task(ready(versions, options={"features": ["sp500"]})))
    assert json.loads(read(world, "raw/data.json")) == {
        "inputs": ["wti", "sp500"],
        "options": {"features": ["sp500"]},
    }


def test_the_program_learns_what_training_will_be_told(world: World) -> None:
    version = put(world, "series/wti.csv", "x")
    release = ready({"wti": version})
    training = Training(hyperparameters={"holdout_days": 90, "kind": "ridge"})
    told = release.plan.model_copy(update={"training": training})
    prepare_data(world.runtime, task(release.model_copy(update={"plan": told})))
    assert json.loads(read(world, "raw/hyperparameters.json")) == {
        "holdout_days": "90",
        "kind": "ridge",
    }


def test_an_input_called_as_the_hyperparameters_are_stays_what_it_is(world: World) -> None:
    inputs = {"hyperparameters": DataInput(key="h.json")}
    versions = {"hyperparameters": put(world, "h.json", "mine")}
    prepare_data(world.runtime, task(ready(versions, inputs=inputs)))
    assert read(world, "raw/hyperparameters.json") == "mine"


def test_the_job_reads_the_raw_prefix_and_writes_the_data_prefix(world: World) -> None:
    version = put(world, "series/wti.csv", "x")
    prepare_data(world.runtime, task(ready({"wti": version})))
    job = world.sagemaker.processing[PROCESSING_JOB]
    [source] = job["ProcessingInputs"]
    [result] = job["ProcessingOutputConfig"]["Outputs"]
    assert source["S3Input"]["S3Uri"] == f"s3://artifacts/releases/{RELEASE}/raw/"
    assert source["S3Input"]["LocalPath"] == "/opt/ml/processing/input"
    assert job["RoleArn"] == world.environment.prepare_role_arn
    assert result["S3Output"]["S3Uri"] == f"s3://artifacts/releases/{RELEASE}/data/"
    assert result["S3Output"]["LocalPath"] == "/opt/ml/processing/output"
    assert job["ProcessingOutputConfig"]["KmsKeyId"].endswith("key/storage")
    assert job["AppSpecification"]["ContainerArguments"] == ["prepare"]
    assert world.answers == {}


def put_champion(world: World, release: str) -> None:
    champion = Champion(release_id=release, config="old", model_package="arn:old")
    world.runtime.ledger.put_champion("oil-price", champion)


def inputs_of(world: World) -> dict[str, tuple[str, str]]:
    """Input name → where it is from, and where the program finds it."""
    prepare_data(world.runtime, task(ready({"wti": put(world, "series/wti.csv", "x")})))
    return {
        one["InputName"]: (one["S3Input"]["S3Uri"], one["S3Input"]["LocalPath"])
        for one in world.sagemaker.processing[PROCESSING_JOB]["ProcessingInputs"]
    }


def test_the_program_finds_the_data_of_the_release_that_serves(world: World) -> None:
    put_champion(world, OTHER)
    world.s3.put_object(Bucket="artifacts", Key=f"releases/{OTHER}/data/wti.csv", Body=b"x")
    assert inputs_of(world)["previous"] == (
        f"s3://artifacts/releases/{OTHER}/data/",
        "/opt/ml/processing/previous",
    )


def test_a_serving_release_without_prepared_data_is_not_an_input(world: World) -> None:
    put_champion(world, OTHER)
    assert list(inputs_of(world)) == ["raw"]


@pytest.mark.parametrize("isolated", [True, False])
def test_the_job_is_isolated_from_the_network_when_the_project_wants_it(
    world: World, isolated: bool
) -> None:
    version = put(world, "series/wti.csv", "x")
    prepare_data(world.runtime, task(ready({"wti": version}, network_isolation=isolated)))
    job = world.sagemaker.processing[PROCESSING_JOB]
    assert job["NetworkConfig"] == {"EnableNetworkIsolation": isolated}


def test_data_that_comes_ready_is_answered_at_once(world: World) -> None:
    version = put(world, "series/wti.csv", "x")
    prepare_data(world.runtime, task(ready({"wti": version}, prepare=False)))
    assert world.sagemaker.processing == {}
    assert world.answers["token"]["output"] == {
        "uri": f"s3://artifacts/releases/{RELEASE}/raw/",
        "job": None,
        "channels": {"training": f"s3://artifacts/releases/{RELEASE}/raw/training/"},
        "fingerprint": None,
        "report": {},
        "findings": [],
    }
    listing = world.s3.list_objects_v2(Bucket="artifacts")["Contents"]
    assert [item["Key"] for item in listing] == [f"releases/{RELEASE}/raw/training/wti.csv"]


def test_data_that_comes_ready_may_fill_several_channels(world: World) -> None:
    inputs = {
        "iris": DataInput(key="flowers/2026/IRIS.CSV", channel="train"),
        "held_out": DataInput(key="flowers/held.parquet", channel="validation"),
        "weights": DataInput(key="weights"),
    }
    versions = {name: put(world, one.key, name) for name, one in inputs.items()}
    prepare_data(world.runtime, task(ready(versions, inputs=inputs, prepare=False)))
    raw = f"s3://artifacts/releases/{RELEASE}/raw"
    assert world.answers["token"]["output"]["channels"] == {
        "train": f"{raw}/train/",
        "training": f"{raw}/training/",
        "validation": f"{raw}/validation/",
    }
    assert read(world, "raw/train/iris.csv") == "iris"
    assert read(world, "raw/validation/held_out.parquet") == "held_out"
    assert read(world, "raw/training/weights.csv") == "weights"


def test_a_pinned_version_that_is_gone_is_named(world: World) -> None:
    version = put(world, "series/wti.csv", "x")
    world.s3.delete_object(Bucket="data", Key="series/wti.csv", VersionId=version)
    with pytest.raises(MissingData, match=r"s3://data/series/wti.csv no longer has version"):
        prepare_data(world.runtime, task(ready({"wti": version})))


def test_killed_at_any_call_and_called_again_it_prepares_once(world: World) -> None:
    doc = ready({"wti": put(world, "series/wti.csv", "x")})
    for place in killed_everywhere(world, lambda runtime: prepare_data(runtime, task(doc))):
        prepare_data(world.runtime, task(doc, "again"))
        assert len(world.sagemaker.processing) == 1, place
        [row] = world.runtime.ledger.waiters(f"processing/{PROCESSING_JOB}")
        assert row.token == "again", place
        world.sagemaker.processing.clear()
