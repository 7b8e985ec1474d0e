"""Training jobs run the image's ``train`` in an ``/opt/ml`` tree."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.laptop.ml.laptops import EVERYTHING, Laptop
from tests.waiting import until

PROGRAM = """
import json, os, pathlib, signal, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
given = json.loads((base / "input/config/hyperparameters.json").read_text())
print("argument", sys.argv[1:], "secrets", os.environ.get("MY_TOKEN"))
mode = given.get("mode", "good")
if mode == "failing":
    (base / "output").mkdir(exist_ok=True)
    (base / "output/failure").write_text("the prices are not ascending")
    sys.exit(1)
if mode == "crashing":
    raise SystemExit("no memory left")
if mode == "killed":
    print("the first words")
    sys.stdout.flush()
    sys.stdout.buffer.write(b"\\xff\\xfe" * 5000 + b" the very last words")
    sys.stdout.flush()
    os.kill(os.getpid(), getattr(signal, given["signal"]))
if mode == "linking":
    (base / "model/latest.bin").symlink_to("model.txt")
if mode == "endless":
    (base / "model/partial").write_text("half")
    print("began", flush=True)
    time.sleep(600)
print("mae=3.5")
print("mae=2.25 done")
(base / "model/model.txt").write_text(json.dumps(given))
(base / "output/data/evaluation.json").write_text((base / "input/data/training/a.csv").read_text())
import socket
resources = json.loads((base / "input/config/resourceconfig.json").read_text())
print("own address", [socket.gethostbyname(name) for name in resources["hosts"]],
      resources["current_host"] in resources["hosts"], resources["network_interface_name"])
(base / "output/data/channels.json").write_text(
    (base / "input/config/inputdataconfig.json").read_text()
)
"""


@pytest.fixture(scope="module")
def image(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> str:
    laptop.put("bucket", {"data/a.csv": "1\n", "data/deep/b.csv": "2\n"})
    return laptop.image(tmp_path_factory.mktemp("train"), PROGRAM, "train")


def request(laptop: Laptop, image: str, name: str, **changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "RoleArn": laptop.role,
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "mae", "Regex": "mae=([0-9.]+)"}],
        },
        "InputDataConfig": [
            {
                "ChannelName": "training",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data/"}
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def finished(laptop: Laptop, name: str) -> dict[str, Any]:
    laptop.emitted.end("SageMaker Training Job", name)
    job: dict[str, Any] = laptop.client("sagemaker").describe_training_job(TrainingJobName=name)
    return job


def train(laptop: Laptop, image: str, name: str, **changes: Any) -> dict[str, Any]:
    laptop.client("sagemaker").create_training_job(**request(laptop, image, name, **changes))
    return finished(laptop, name)


def unpack(laptop: Laptop, key: str) -> dict[str, str]:
    body = laptop.client("s3").get_object(Bucket="bucket", Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return {
            member.name: archive.extractfile(member).read().decode()  # type: ignore[union-attr]
            for member in archive.getmembers()
        }


def test_a_job_turns_its_channel_into_a_model(laptop: Laptop, image: str) -> None:
    job = train(laptop, image, "good", HyperParameters={"depth": "3"})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": "s3://bucket/out/good/output/model.tar.gz"}
    model = unpack(laptop, "out/good/output/model.tar.gz")
    assert json.loads(model["model.txt"]) == {"depth": "3"}
    output = unpack(laptop, "out/good/output/output.tar.gz")
    assert output["evaluation.json"] == "1\n"
    assert json.loads(output["channels.json"])["training"]["TrainingInputMode"] == "File"


@pytest.mark.parametrize(
    ("name", "told", "code"),
    [("SIGKILL", "SIGKILL", 137), ("SIGSEGV", "SIGSEGV (segmentation fault)", 139)],
)
def test_a_killed_job_names_the_signal_and_its_last_output(
    laptop: Laptop, image: str, name: str, told: str, code: int
) -> None:
    given = {"mode": "killed", "signal": name}
    job = train(laptop, image, f"killed-{code}", HyperParameters=given)
    assert job["FailureReason"].startswith(f"AlgorithmError: ended as if killed by {told}. ")
    assert job["FailureReason"].endswith(f"\ufffd the very last words, exit code: {code}")
    assert "the first words" in job["FailureReason"]
    assert "memory" not in job["FailureReason"]


def test_a_link_in_the_model_fails_the_job_by_its_name(laptop: Laptop, image: str) -> None:
    job = train(laptop, image, "linking", HyperParameters={"mode": "linking"})
    assert job["TrainingJobStatus"] == "Failed"
    assert "in /opt/ml/model latest.bin is a symbolic link to model.txt" in job["FailureReason"]
    assert "write a copy" in job["FailureReason"]


def test_the_host_of_a_job_resolves(laptop: Laptop, image: str) -> None:
    train(laptop, image, "resolved")
    lines = laptop.log("/aws/sagemaker/TrainingJobs", "resolved/algo-1-")
    assert "own address ['127.0.0.1'] True lo" in lines


def test_a_key_that_was_not_given_is_described_as_none(laptop: Laptop, image: str) -> None:
    job = train(laptop, image, "keyless")
    assert job["OutputDataConfig"] == {"S3OutputPath": "s3://bucket/out", "KmsKeyId": ""}


def test_a_metric_is_the_last_that_the_log_shows(laptop: Laptop, image: str) -> None:
    job = train(laptop, image, "metrics")
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("mae", 2.25)]


def test_a_number_that_a_definition_cuts_is_reported_in_the_log(laptop: Laptop, image: str) -> None:
    asked = request(laptop, image, "cut")["AlgorithmSpecification"]
    asked["MetricDefinitions"] = [{"Name": "mae", "Regex": "mae=([0-9])"}]
    job = train(laptop, image, "cut", AlgorithmSpecification=asked)
    assert [m["Value"] for m in job["FinalMetricDataList"]] == [2]  # as SageMaker has it
    lines = laptop.log("/aws/sagemaker/TrainingJobs", "cut/algo-1-")
    assert any("metric mae is 2, but 2.25 was printed: let the group of" in one for one in lines)


def test_the_log_is_in_the_jobs_own_stream(laptop: Laptop, image: str) -> None:
    train(laptop, image, "logged")
    lines = laptop.log("/aws/sagemaker/TrainingJobs", "logged/algo-1-")
    assert "argument ['train'] secrets None" in lines


def test_the_steps_are_reported_in_order(laptop: Laptop, image: str) -> None:
    job = train(laptop, image, "steps")
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all("EndTime" in step for step in job["SecondaryStatusTransitions"])


def test_events_tell_each_step_in_sagemakers_shape(laptop: Laptop, image: str) -> None:
    train(laptop, image, "told", Tags=[{"Key": "release", "Value": "r-1"}])
    details = until(
        lambda: laptop.emitted.up_to("SageMaker Training Job", "told", "Completed"),
        "the event of its end",
    )
    assert [d["TrainingJobStatus"] for d in details] == ["InProgress"] * 4 + ["Completed"]
    assert details[-1]["Tags"] == {"release": "r-1"}
    assert isinstance(details[-1]["TrainingEndTime"], int)


def test_a_failure_file_is_the_reason(laptop: Laptop, image: str) -> None:
    job = train(laptop, image, "failing", HyperParameters={"mode": "failing"})
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: the prices are not ascending, exit code: 1"


def test_without_a_failure_file_the_last_lines_are_the_reason(laptop: Laptop, image: str) -> None:
    job = train(laptop, image, "crashing", HyperParameters={"mode": "crashing"})
    assert job["FailureReason"].endswith("no memory left, exit code: 1")


def test_missing_data_is_reported_in_sagemakers_words(laptop: Laptop, image: str) -> None:
    changed = request(laptop, image, "empty")["InputDataConfig"]
    changed[0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://bucket/nowhere/"
    job = train(laptop, image, "empty", InputDataConfig=changed)
    assert job["FailureReason"].startswith(
        "ClientError: No S3 objects found under S3 URL 's3://bucket/nowhere/'"
    )


def test_data_is_read_with_the_roles_leave(laptop: Laptop, image: str) -> None:
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"})
    job = train(laptop, image, "denied")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        "ClientError: Data download failed:Failed to download data. GetObject failed for "
        "s3://bucket/data/a.csv: AccessDenied: User: "
    )


def test_a_model_is_written_with_the_roles_leave(laptop: Laptop, image: str) -> None:
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"})
    reason = train(laptop, image, "no-write")["FailureReason"]
    assert reason.startswith(
        "ClientError: Artifact upload failed:Failed to upload "
        "s3://bucket/out/no-write/output/model.tar.gz. PutObject failed: AccessDenied: User: "
    )


def test_a_bucket_that_is_not_there_is_named(laptop: Laptop, image: str) -> None:
    target = {"S3OutputPath": "s3://no-such-bucket/out"}
    job = train(laptop, image, "no-bucket", OutputDataConfig=target)
    assert job["FailureReason"].startswith("ClientError: Artifact upload failed:")
    assert "s3://no-such-bucket/out" in job["FailureReason"]
    assert "NoSuchBucket" in job["FailureReason"]


def test_a_model_is_encrypted_with_the_key_that_is_named(laptop: Laptop, image: str) -> None:
    key = laptop.client("kms").create_key()["KeyMetadata"]["Arn"]
    target = {"S3OutputPath": "s3://bucket/out", "KmsKeyId": key}
    train(laptop, image, "encrypted", OutputDataConfig=target)
    model = laptop.client("s3").head_object(
        Bucket="bucket", Key="out/encrypted/output/model.tar.gz"
    )
    assert (model["ServerSideEncryption"], model["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_role_that_may_not_encrypt_writes_no_model_under_a_key(
    laptop: Laptop, image: str
) -> None:
    key = laptop.client("kms").create_key()["KeyMetadata"]["Arn"]
    target = {"S3OutputPath": "s3://bucket/out", "KmsKeyId": key}
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"})

    reason = train(laptop, image, "no-key", OutputDataConfig=target)["FailureReason"]

    assert reason.startswith(f"ClientError: Artifact upload failed:Encrypt failed for {key}: Acc")


def test_a_log_that_the_role_may_not_write_is_lost_and_the_job_goes_on(
    laptop: Laptop, image: str
) -> None:
    denied = ["logs:PutLogEvents", "cloudwatch:PutMetricData"]
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": denied, "Resource": "*"})

    assert train(laptop, image, "mute")["TrainingJobStatus"] == "Completed"

    laptop.allow(EVERYTHING)
    assert train(laptop, image, "heard")["TrainingJobStatus"] == "Completed"
    assert laptop.log("/aws/sagemaker/TrainingJobs", "heard/")
    assert laptop.log("/aws/sagemaker/TrainingJobs", "mute/") == []


def test_an_image_is_pulled_with_the_roles_leave(laptop: Laptop, image: str) -> None:
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "ecr:BatchGetImage", "Resource": "*"})
    job = train(laptop, image, "no-pull")
    assert job["FailureReason"].startswith(
        f"ClientError: The role '{laptop.role}' does not have BatchGetImage permission for the "
        f"image: '{image}'."
    )
    assert "ecr:BatchGetImage" in job["FailureReason"]


def test_a_stopped_job_keeps_the_model_so_far(laptop: Laptop, image: str) -> None:
    client = laptop.client("sagemaker")
    asked = request(laptop, image, "stopped", HyperParameters={"mode": "endless"})
    client.create_training_job(**asked)
    until(lambda: _began(laptop, "stopped"), "the half of a model")
    client.stop_training_job(TrainingJobName="stopped")
    job = finished(laptop, "stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert unpack(laptop, "out/stopped/output/model.tar.gz") == {"partial": "half"}
    with pytest.raises(ClientError, match="in status Stopped"):
        client.stop_training_job(TrainingJobName="stopped")
    assert not laptop.cloud.processes._children


def _began(laptop: Laptop, name: str) -> bool:
    try:
        return "began" in laptop.log("/aws/sagemaker/TrainingJobs", f"{name}/")
    except ClientError:  # The log group comes with the first line.
        return False


def test_a_job_past_its_time_is_stopped(laptop: Laptop, image: str) -> None:
    job = train(
        laptop,
        image,
        "late",
        HyperParameters={"mode": "endless"},
        StoppingCondition={"MaxRuntimeInSeconds": 1},
    )
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": "s3://bucket/out/late/output/model.tar.gz"}


def test_a_name_is_used_once(laptop: Laptop, image: str) -> None:
    train(laptop, image, "once")
    with pytest.raises(ClientError, match=r"ResourceInUse.*already exists"):
        laptop.client("sagemaker").create_training_job(**request(laptop, image, "once"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TrainingJobName": "a_b"}, "regular expression"),
        ({"TrainingJobName": "a" * 64}, "regular expression"),
        ({"Environment": {"TOKEN": "x" * 513}}, "512 characters"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86400 + 1}}, "MaxRuntimeInSeconds"),
        ({"HyperParameters": {"a": "x" * 2501}}, "2500"),
    ],
)
def test_what_sagemaker_refuses_is_refused(
    laptop: Laptop, image: str, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        asked = {**request(laptop, image, "refused"), **changes}
        laptop.client("sagemaker").create_training_job(**asked)


def test_the_image_keeps_its_files_whatever_a_job_writes(laptop: Laptop, tmp_path: Path) -> None:
    scribbler = "import pathlib; p = pathlib.Path('mark'); print(p.exists()); p.write_text('x')"
    image = laptop.image(tmp_path, scribbler, "scribbler")
    for name in ("scribble-1", "scribble-2"):
        train(laptop, image, name)
    assert laptop.log("/aws/sagemaker/TrainingJobs", "scribble-2") == ["False"]
