"""A training job with several hosts: each a program of its own, and one model in the end."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.contracts.quotas import JOB_INSTANCES
from modelwharf.laptop.quotas import QuotaChange
from tests.unit.laptop.ml.laptops import Laptop
from tests.unit.laptop.ml.test_training import finished, request, unpack
from tests.waiting import until

GROUP = "/aws/sagemaker/TrainingJobs"
# Every host listens at the same port of its own name, and calls all others by theirs.
PROGRAM = """
import json, os, pathlib, socket, sys, threading, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
given = json.loads((base / "input/config/hyperparameters.json").read_text())
resources = json.loads((base / "input/config/resourceconfig.json").read_text())
me, hosts = resources["current_host"], resources["hosts"]
number = hosts.index(me)
mode = given.get("mode", "talk")
print("host", number, "of", len(hosts), resources["instance_groups"][0]["hosts"] == hosts)
print("files", sorted(path.name for path in (base / "input/data/training").rglob("*.csv")))
if mode == "failing" and number == 1:
    (base / "output/failure").write_text("the second gives up")
    sys.exit(3)
if mode in ("failing", "endless"):
    print("waits", flush=True)
    time.sleep(600)
if mode == "clashing":
    (base / "model/weights").write_text(me)
if mode == "talk":
    server = socket.create_server((me, int(given["port"])))
    def call(host):
        for _ in range(600):
            try:
                with socket.create_connection((host, int(given["port"])), timeout=60) as one:
                    return one.sendall(me.encode())
            except ConnectionRefusedError:
                time.sleep(0.05)
        sys.exit(f"{host} does not listen")
    others = [host for host in hosts if host != me]
    callers = [threading.Thread(target=call, args=(host,)) for host in others]
    for caller in callers: caller.start()
    heard = set()
    for _ in others:
        with server.accept()[0] as one:
            heard.add(one.recv(100).decode())
    for caller in callers: caller.join()
    assert heard == set(others), heard
    (base / "model/shared").write_text("the same")
    (base / f"model/part-{number}").write_text(str(number))
    (base / f"output/data/heard-{number}").write_text(json.dumps(len(heard)))
    print(f"mae={number}.5")
"""


@pytest.fixture(scope="module")
def image(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> str:
    laptop.put("bucket", {"data/a.csv": "1\n", "data/b.csv": "2\n", "data/c.csv": "3\n"})
    return laptop.image(tmp_path_factory.mktemp("hosts"), PROGRAM, "hosts")


def start(laptop: Laptop, image: str, name: str, count: int = 2, **changes: Any) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 5}
    wanted = {"ResourceConfig": resources, **changes}
    laptop.client("sagemaker").create_training_job(**request(laptop, image, name, **wanted))


def lines(laptop: Laptop, job: str, number: int) -> list[str]:
    """What the program itself has printed."""
    found = laptop.log(GROUP, f"{job}/algo-{number + 1}-")
    return [line for line in found if not line.startswith("[laptop]")]


def test_hosts_talk_by_name_on_one_port_and_make_one_model(laptop: Laptop, image: str) -> None:
    start(laptop, image, "talk", 3, HyperParameters={"port": "29500"})
    job = finished(laptop, "talk")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert [lines(laptop, "talk", n)[0] for n in range(3)] == [
        f"host {n} of 3 True" for n in range(3)
    ]
    told = laptop.log(GROUP, "talk/algo-3-")[0]
    assert "without containers the hosts are 127.1." in told
    files = "files ['a.csv', 'b.csv', 'c.csv']"
    assert [lines(laptop, "talk", n)[1] for n in range(3)] == [files] * 3
    parts = {f"part-{n}": str(n) for n in range(3)}
    assert unpack(laptop, "out/talk/output/model.tar.gz") == {"shared": "the same", **parts}
    assert set(unpack(laptop, "out/talk/output/output.tar.gz")) == {"heard-0", "heard-1", "heard-2"}
    (metric,) = job["FinalMetricDataList"]
    assert metric["Value"] in (0.5, 1.5, 2.5), "of whichever host wrote last"
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]


def test_a_host_that_fails_is_named_and_ends_the_job(laptop: Laptop, image: str) -> None:
    start(laptop, image, "second", HyperParameters={"mode": "failing"})
    job = finished(laptop, "second")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: algo-2: the second gives up, exit code: 3"


def test_a_job_that_is_stopped_stops_on_every_host(laptop: Laptop, image: str) -> None:
    start(laptop, image, "stopped", HyperParameters={"mode": "endless"})
    for number in range(2):
        until(lambda n=number: "waits" in lines(laptop, "stopped", n), "both hosts to run")  # type: ignore[misc]
    laptop.client("sagemaker").stop_training_job(TrainingJobName="stopped")
    assert finished(laptop, "stopped")["TrainingJobStatus"] == "Stopped"
    unpack(laptop, "out/stopped/output/model.tar.gz")


def test_two_contents_of_one_name_fail_the_job(laptop: Laptop, image: str) -> None:
    start(laptop, image, "clash", HyperParameters={"mode": "clashing"})
    job = finished(laptop, "clash")
    assert job["TrainingJobStatus"] == "Failed"
    told = "/opt/ml/model/weights differs between algo-1 and algo-2"
    assert f"ClientError: Artifact upload failed: {told}" in job["FailureReason"]


def test_a_sharded_channel_gives_each_host_its_part(laptop: Laptop, image: str) -> None:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": "s3://bucket/data/",
        "S3DataDistributionType": "ShardedByS3Key",
    }
    channel = {"ChannelName": "training", "DataSource": {"S3DataSource": source}}
    given = {"mode": "quiet"}
    start(laptop, image, "sharded", InputDataConfig=[channel], HyperParameters=given)
    assert finished(laptop, "sharded")["TrainingJobStatus"] == "Completed"
    told = [lines(laptop, "sharded", number)[1] for number in range(2)]
    assert told == ["files ['a.csv', 'c.csv']", "files ['b.csv']"]


def test_more_hosts_than_the_quota_are_refused(laptop: Laptop, image: str) -> None:
    with pytest.raises(ClientError, match=rf"'{JOB_INSTANCES}' is 4 Instances") as caught:
        start(laptop, image, "five", 5)
    assert caught.value.response["Error"]["Code"] == "ResourceLimitExceeded"
    laptop.cloud.quotas.change(QuotaChange(name=JOB_INSTANCES, value=1))
    try:
        with pytest.raises(ClientError, match=rf"'{JOB_INSTANCES}' is 1 Instances"):
            start(laptop, image, "two")
    finally:
        laptop.cloud.quotas.change(QuotaChange(name=JOB_INSTANCES, value=4))


def test_a_group_of_instances_is_refused_by_name(laptop: Laptop, image: str) -> None:
    group = {"InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 1}
    resources = {"InstanceGroups": [group], "VolumeSizeInGB": 5}
    with pytest.raises(ClientError, match=r"ResourceConfig\.InstanceGroups is not supported"):
        start(laptop, image, "groups", ResourceConfig=resources)


def test_the_tree_of_a_host_tells_that_host(laptop: Laptop, image: str) -> None:
    start(laptop, image, "told", HyperParameters={"mode": "quiet"})
    assert finished(laptop, "told")["TrainingJobStatus"] == "Completed"
    folder = laptop.cloud.directory / "training" / "told"
    paths = [folder / f"algo-{n}/ml/input/config/resourceconfig.json" for n in (1, 2)]
    first, second = (json.loads(path.read_text()) for path in paths)
    hosts = first["hosts"]
    assert [first["current_host"], second["current_host"]] == hosts
    assert len(set(hosts)) == 2
    group = {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large"}
    assert second == {
        "current_host": hosts[1],
        "hosts": hosts,
        "network_interface_name": "lo",
        "current_instance_type": "ml.m5.large",
        "current_group_name": "homogeneousCluster",
        "instance_groups": [{**group, "hosts": hosts}],
    }
