"""The cloud as a process: started, found, refused twice, and gone without a trace."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from contracts.laptop import LaptopCloud
from tests.unit.localcloud.core.world import REGION, archive
from tests.waiting import has_ended, until

ROOT = Path(__file__).parents[4]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    ],
}
ALIVE = "import os\ndef handler(event, context): return os.getpid()"


def template(**resources: Any) -> dict[str, Any]:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "alive",
            "Handler": "app.handler",
            "Runtime": "python3.12",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"S3Bucket": "code", "S3Key": "code.zip"},
        },
    }
    return {"Resources": {"Role": role, "Function": function, **resources}}


def write_assembly(folder: Path, document: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "t.json").write_text(json.dumps(document))
    (folder / "code.zip").write_bytes(archive({"app.py": ALIVE}))

    def asset(path: str) -> dict[str, Any]:
        place = {"bucketName": "code", "objectKey": path}
        return {"source": {"path": path, "packaging": "file"}, "destinations": {"here": place}}

    files = {path: asset(path) for path in ("t.json", "code.zip")}
    (folder / "a.json").write_text(json.dumps({"files": files}))
    stack = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "t.json"},
        "dependencies": ["a"],
    }
    manifest = {"type": "cdk:asset-manifest", "properties": {"file": "a.json"}}
    artifacts = {"modelwharf-toy": stack, "a": manifest}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def command(directory: Path, assembly: Path) -> list[str]:
    options = ["--directory", str(directory), "--assembly", str(assembly), "--project", "toy"]
    return [sys.executable, "-m", "localcloud", *options, "--engine", "process"]


def ended_cloud(directory: Path, assembly: Path) -> subprocess.CompletedProcess[str]:
    """A cloud that refuses to serve, with what it said."""
    return subprocess.run(
        command(directory, assembly), cwd=ROOT, capture_output=True, text=True, check=False
    )


@contextmanager
def running(directory: Path, assembly: Path) -> Iterator[subprocess.Popen[str]]:
    directory.mkdir(exist_ok=True)
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            command(directory, assembly), cwd=ROOT, stdout=log, stderr=log, text=True
        )
        try:
            until(lambda: _ready(directory, process.pid) or process.poll() is not None)
            yield process
        finally:
            process.kill()
            process.wait()


def _ready(directory: Path, pid: int) -> bool:
    """What an earlier cloud left behind does not count."""
    return (directory / "cloud.json").exists() and state(directory).pid == pid


def state(directory: Path) -> LaptopCloud:
    return LaptopCloud.model_validate_json((directory / "cloud.json").read_text())


def pid_of_function(cloud: LaptopCloud) -> int:
    client = boto3.Session().client(
        "lambda",
        region_name=REGION,
        endpoint_url=cloud.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return int(json.loads(client.invoke(FunctionName="alive")["Payload"].read()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_cloud_says_where_it_is_and_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    directory = tmp_path / "cloud"
    with running(directory, write_assembly(tmp_path / "out", template())) as process:
        cloud = state(directory)
        assert (cloud.pid, cloud.project, cloud.region) == (process.pid, "toy", REGION)
        assert cloud.repository.endswith("toy.git")
        function = pid_of_function(cloud)
        process.send_signal(number)
        assert process.wait(20) == 0
    assert not (directory / "cloud.json").exists()
    assert has_ended(function)
    assert "stopped" in (directory / "log").read_text()


def test_a_second_cloud_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "cloud"
    assembly = write_assembly(tmp_path / "out", template())
    with running(directory, assembly) as process:
        second = ended_cloud(directory, assembly)
        assert second.returncode == 1
        assert f"already runs in {directory} (process {process.pid})" in second.stderr
        assert state(directory).pid == process.pid


def test_what_a_killed_cloud_left_behind_stops_nobody(tmp_path: Path) -> None:
    directory = tmp_path / "cloud"
    assembly = write_assembly(tmp_path / "out", template())
    with running(directory, assembly) as first:
        function = pid_of_function(state(directory))
        first.kill()
        first.wait()
    assert (directory / "cloud.json").exists()
    until(lambda: has_ended(function))
    with running(directory, assembly) as process:
        assert state(directory).pid == process.pid


def test_a_template_that_is_refused_ends_the_process_with_the_reasons(tmp_path: Path) -> None:
    cluster = {"Type": "AWS::ECS::Cluster"}
    assembly = write_assembly(tmp_path / "out", template(Cluster=cluster))
    ended = ended_cloud(tmp_path / "cloud", assembly)
    assert ended.returncode == 1
    assert "Cluster: resource type AWS::ECS::Cluster is not known" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "cloud" / "cloud.json").exists()


def test_a_folder_without_an_assembly_ends_the_process_with_what_to_do(tmp_path: Path) -> None:
    ended = ended_cloud(tmp_path / "cloud", tmp_path)
    assert ended.returncode == 1
    assert "synthesise the template first" in ended.stderr
    assert "Traceback" not in ended.stderr
