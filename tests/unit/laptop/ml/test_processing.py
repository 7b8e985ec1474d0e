"""Processing jobs run the image's program between S3 prefixes."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.ml.laptops import EVERYTHING, Laptop
from tests.waiting import until

PROGRAM = """
import json, os, pathlib, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
if sys.argv[1:] == ["reject"]:
    (base / "output/message").write_text("wti has no column Price")
    sys.exit(1)
if sys.argv[1:] == ["sleep"]:
    time.sleep(600)
source, target = base / "processing/input", base / "processing/output"
for path in [*source.rglob("*.csv"), *(base / "processing/previous").rglob("*.csv")]:
    (target / path.name).write_text(path.read_text().upper())
(target / "deep").mkdir()
(target / "deep/config.json").write_text((base / "config/processingjobconfig.json").read_text())
(base / "output/message").write_text("prepared " + os.environ["COLOUR"])
print("arguments", sys.argv[1:])
"""


@pytest.fixture(scope="module")
def image(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> str:
    laptop.put("raw", {"raw/wti.csv": "price\n"})
    return laptop.image(tmp_path_factory.mktemp("prepare"), PROGRAM, "prepare")


def request(laptop: Laptop, image: str, name: str, *arguments: str, **more: Any) -> dict[str, Any]:
    return {
        "ProcessingJobName": name,
        "RoleArn": laptop.role,
        "AppSpecification": {"ImageUri": image, "ContainerArguments": list(arguments)},
        "Environment": {"COLOUR": "blue"},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 10,
            }
        },
        "ProcessingInputs": [
            {
                "InputName": "raw",
                "S3Input": {
                    "S3Uri": "s3://raw/raw/",
                    "LocalPath": "/opt/ml/processing/input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "data",
                    "S3Output": {
                        "S3Uri": f"s3://raw/{name}/",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def described(laptop: Laptop, name: str) -> dict[str, Any]:
    job: dict[str, Any] = laptop.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    return job


def process(laptop: Laptop, asked: dict[str, Any]) -> dict[str, Any]:
    laptop.client("sagemaker").create_processing_job(**asked)
    return finished(laptop, asked["ProcessingJobName"])


def finished(laptop: Laptop, name: str) -> dict[str, Any]:
    laptop.emitted.end("SageMaker Processing Job", name)
    return described(laptop, name)


def test_inputs_become_outputs(laptop: Laptop, image: str) -> None:
    job = process(laptop, request(laptop, image, "fine", "prepare"))
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ExitMessage"] == "prepared blue"
    s3 = laptop.client("s3")
    assert s3.get_object(Bucket="raw", Key="fine/wti.csv")["Body"].read() == b"PRICE\n"
    config = json.load(s3.get_object(Bucket="raw", Key="fine/deep/config.json")["Body"])
    assert config["ProcessingJobName"] == "fine"
    assert "arguments ['prepare']" in laptop.log("/aws/sagemaker/ProcessingJobs", "fine/algo-1-")


def test_each_input_is_in_a_folder_of_its_own(laptop: Laptop, image: str) -> None:
    laptop.put("raw", {"data/brent.csv": "price\n"})
    asked = request(laptop, image, "two", "prepare")
    place = {"S3Uri": "s3://raw/data/", "LocalPath": "/opt/ml/processing/previous"}
    more = asked["ProcessingInputs"][0]["S3Input"] | place
    asked["ProcessingInputs"].append({"InputName": "previous", "S3Input": more})
    job = process(laptop, asked)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    made = laptop.client("s3").list_objects_v2(Bucket="raw", Prefix="two/")["Contents"]
    assert {one["Key"] for one in made} >= {"two/wti.csv", "two/brent.csv"}


def test_a_description_keeps_what_was_asked(laptop: Laptop, image: str) -> None:
    job = process(laptop, request(laptop, image, "kept", "prepare"))
    assert job["Environment"] == {"COLOUR": "blue"}
    assert job["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.m5.large"
    assert job["ProcessingEndTime"] >= job["ProcessingStartTime"]


def test_the_programs_message_is_the_reason(laptop: Laptop, image: str) -> None:
    job = process(laptop, request(laptop, image, "rejected", "reject"))
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["ExitMessage"] == "wti has no column Price"
    assert job["FailureReason"] == "AlgorithmError: wti has no column Price, exit code: 1"


def test_an_entry_point_can_be_replaced(laptop: Laptop, image: str) -> None:
    specification = {"ImageUri": image, "ContainerEntrypoint": ["python", "-c", "print('mine')"]}
    job = process(laptop, request(laptop, image, "own", AppSpecification=specification))
    assert job["ProcessingJobStatus"] == "Completed"
    assert laptop.log("/aws/sagemaker/ProcessingJobs", "own/") == ["mine"]


def test_a_job_can_be_stopped(laptop: Laptop, image: str) -> None:
    client = laptop.client("sagemaker")
    client.create_processing_job(**request(laptop, image, "halted", "sleep"))
    until(lambda: "ProcessingStartTime" in described(laptop, "halted"))
    client.stop_processing_job(ProcessingJobName="halted")
    assert finished(laptop, "halted")["ProcessingJobStatus"] == "Stopped"
    assert not laptop.cloud.processes._children


def test_a_job_past_its_time_is_stopped(laptop: Laptop, image: str) -> None:
    asked = request(laptop, image, "late", "sleep", StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = process(laptop, asked)
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeExceeded" in job["FailureReason"]


def test_events_tell_begin_and_end(laptop: Laptop, image: str) -> None:
    process(laptop, request(laptop, image, "told", "prepare"))
    details = until(
        lambda: laptop.emitted.up_to("SageMaker Processing Job", "told", "Completed"),
        "the event of its end",
    )
    assert [d["ProcessingJobStatus"] for d in details] == ["InProgress", "Completed"]
    assert details[-1]["ExitMessage"] == "prepared blue"


def test_a_name_is_used_once(laptop: Laptop, image: str) -> None:
    process(laptop, request(laptop, image, "once", "prepare"))
    with pytest.raises(ClientError, match=r"ResourceInUse.*already exists"):
        process(laptop, request(laptop, image, "once", "prepare"))


def test_a_local_path_outside_the_tree_is_refused(laptop: Laptop, image: str) -> None:
    asked = request(laptop, image, "outside", "prepare")
    asked["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/etc"
    with pytest.raises(ClientError, match=r"'/etc' must be under /opt/ml/processing/"):
        process(laptop, asked)


def test_an_output_is_written_with_the_roles_leave(laptop: Laptop, image: str) -> None:
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"})
    job = process(laptop, request(laptop, image, "no-write", "prepare"))
    assert job["FailureReason"].startswith("ClientError: Failed to upload s3://raw/no-write/")
    assert "AccessDenied: User: " in job["FailureReason"]


def test_an_input_is_read_with_the_roles_leave(laptop: Laptop, image: str) -> None:
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*"})
    job = process(laptop, request(laptop, image, "no-list", "prepare"))
    assert job["FailureReason"].startswith(
        "ClientError: Failed to download data. ListObjectsV2 failed for s3://raw/"
    )
