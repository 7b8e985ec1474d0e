"""The cloud as a process: started, found, refused twice, and gone without a trace."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from modelwharf.contracts.laptop import LaptopCloud, LaptopKey
from tests.unit.laptop.core.world import REGION, archive
from tests.waiting import HUNG, has_ended, until

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
# What another user may try. It imports everything first: they cannot read this environment.
STRANGER = """
import json, os, pathlib, sys, urllib.error, urllib.request
directory, url = sys.argv[1:]
try:
    urllib.request.urlopen(url)  # what is imported on the way
except urllib.error.HTTPError as error:
    error.read()
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    files = (pathlib.Path(directory) / "keys" / "root.json").read_text()
except OSError as error:
    files = type(error).__name__
scope = "Credential=test/20261130/eu-west-1/codebuild/aws4_request"
old = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
       "X-Amz-Date": "20261130T000000Z", "X-Amz-Target": "CodeBuild_20161006.ListProjects"}
answers, told = [], []
for path, headers in (("/", {}), ("/", old), ("/moto-api/data.json", {}), ("/_wharf/faults", {})):
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, headers=headers)) as answer:
            answers.append(answer.status)
    except urllib.error.HTTPError as error:
        answers.append(error.code)
        told.append("toy" in error.read().decode())
print(json.dumps({"uid": os.getuid(), "files": files, "answers": answers, "told": told}))
"""
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
            "Timeout": 60,  # in the default of 3 s a busy machine may not even start it
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
    return [sys.executable, "-m", "modelwharf.laptop", *options, "--engine", "process"]


@contextmanager
def running(directory: Path, assembly: Path) -> Iterator[subprocess.Popen[str]]:
    directory.mkdir(exist_ok=True)
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            command(directory, assembly), cwd=ROOT, stdout=log, stderr=log, text=True
        )
        try:
            until(
                lambda: _ready(directory, process.pid) or process.poll() is not None,
                "a cloud that is ready",
                seconds=180,  # its imports alone take seconds of an idle machine
            )
            yield process
        finally:
            process.kill()
            process.wait()


def _ready(directory: Path, pid: int) -> bool:
    """What an earlier cloud left behind does not count."""
    return (directory / "cloud.json").exists() and state(directory).pid == pid


def state(directory: Path) -> LaptopCloud:
    return LaptopCloud.model_validate_json((directory / "cloud.json").read_text())


def pid_of_function(directory: Path) -> int:
    cloud, key = state(directory), LaptopKey.read(directory)
    client = boto3.Session().client(
        "lambda",
        region_name=REGION,
        endpoint_url=cloud.url,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
    )
    return int(json.loads(client.invoke(FunctionName="alive")["Payload"].read()))


@dataclass(frozen=True)
class Started:
    """A cloud's process, and what could be seen of it while it ran."""

    directory: Path
    process: subprocess.Popen[str]
    state: LaptopCloud
    function: int
    """The process of its function."""

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_assembly(tmp_path_factory.mktemp("assembly") / "out", template())


@pytest.fixture(scope="module")
def cloud(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    directory = tmp_path_factory.mktemp("cloud")
    with running(directory, assembly) as process:
        yield Started(directory, process, state(directory), pid_of_function(directory))


REFUSED = """
import contextlib, io, json, os, sys
from modelwharf.laptop.program import main
ended = {}
for name, options in json.loads(sys.argv[1]).items():
    with contextlib.redirect_stderr(io.StringIO()) as said:
        code = main(options)
    ended[name] = code, said.getvalue()
print(json.dumps(ended), file=sys.stderr, flush=True)
os._exit(0)
"""
Refusals = dict[str, tuple[int, str]]


@pytest.fixture(scope="module")
def refusals(
    cloud: Started, assembly: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Refusals]:
    """Exit code and words of clouds that would not serve: one process, which takes seconds."""
    folder = tmp_path_factory.mktemp("refused")
    cluster = write_assembly(folder / "cluster", template(Cluster={"Type": "AWS::ECS::Cluster"}))
    asked = {
        "second": command(cloud.directory, assembly),
        "no assembly": command(folder / "cloud", folder),
        "cluster": command(folder / "cloud", cluster),
    }
    options = {name: words[words.index("--directory") :] for name, words in asked.items()}
    done = subprocess.run(
        [sys.executable, "-c", REFUSED, json.dumps(options)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return folder / "cloud", {name: tuple(one) for name, one in json.loads(done.stderr).items()}


@pytest.fixture(scope="module")
def killed(cloud: Started, refusals: tuple[Path, Refusals]) -> Started:
    """The cloud, when no program needs it any more."""
    cloud.process.kill()
    cloud.process.wait()
    return cloud


@pytest.fixture(scope="module")
def after(killed: Started, assembly: Path) -> Iterator[Started]:
    """Another in the directory of the killed one, ended by Ctrl-C.

    Every cloud of tests/release is ended by SIGTERM.
    """
    left = (killed.directory / "cloud.json").exists()
    with running(killed.directory, assembly) as process:
        assert left, "what a killed cloud leaves is there when the next one begins"
        found = state(killed.directory)
        started = Started(killed.directory, process, found, pid_of_function(killed.directory))
        process.send_signal(signal.SIGINT)
        process.wait(HUNG)
        yield started


def test_a_cloud_says_where_it_is(cloud: Started) -> None:
    found = cloud.state
    assert (found.pid, found.project, found.region) == (cloud.process.pid, "toy", REGION)
    assert found.repository.endswith("toy.git")


def test_everything_that_the_cloud_keeps_is_its_user_s_alone(cloud: Started) -> None:
    assert stat.S_IMODE(cloud.directory.stat().st_mode) == 0o700
    for name in ("cloud.json", "cloud.lock", "keys/root.json"):
        assert stat.S_IMODE((cloud.directory / name).stat().st_mode) == 0o600, name


def test_no_secret_is_on_a_command_line_in_the_log_or_in_cloud_json(cloud: Started) -> None:
    secret = LaptopKey.read(cloud.directory).secret_access_key
    assert secret not in (cloud.directory / "cloud.json").read_text()
    assert secret not in cloud.log
    lines = subprocess.run(
        ["ps", "-ww", "-eo", "args="], capture_output=True, text=True, check=True
    ).stdout
    assert str(cloud.directory) in lines  # the cloud's own is among them
    assert secret not in lines


def test_a_function_s_files_are_as_readable_as_in_aws(cloud: Started) -> None:
    """Their folder keeps others out; in an image they must be readable."""
    umask = Path(f"/proc/{cloud.function}/status")
    if not umask.exists():
        pytest.skip("needs /proc")
    assert "Umask:\t0022" in umask.read_text()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become another user")
def test_another_user_of_this_machine_reaches_nothing(cloud: Started) -> None:
    """What anybody may try: the files, and the server without a key or with the old one."""
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, str(cloud.directory), cloud.state.url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {
        "uid": 65534,
        "files": "PermissionError",
        "answers": [403, 400, 403, 403],
        "told": [False, False, False, False],
    }


def test_a_second_cloud_in_the_same_directory_is_refused(
    cloud: Started, refusals: tuple[Path, Refusals]
) -> None:
    code, said = refusals[1]["second"]
    assert code == 1
    assert f"already runs in {cloud.directory} (process {cloud.process.pid})" in said


def test_a_template_that_is_refused_ends_the_process_with_the_reasons(
    refusals: tuple[Path, Refusals],
) -> None:
    directory, ended = refusals
    code, said = ended["cluster"]
    assert code == 1
    assert "Cluster: resource type AWS::ECS::Cluster is not known" in said
    assert "Traceback" not in said
    assert not (directory / "cloud.json").exists()


def test_a_folder_without_an_assembly_ends_the_process_with_what_to_do(
    refusals: tuple[Path, Refusals],
) -> None:
    code, said = refusals[1]["no assembly"]
    assert code == 1
    assert "synthesise the template first" in said
    assert "Traceback" not in said


def test_what_a_killed_cloud_left_behind_stops_nobody(killed: Started, after: Started) -> None:
    until(lambda: has_ended(killed.function), "the end of the killed cloud's function")
    assert after.state.pid == after.process.pid != killed.process.pid


def test_a_cloud_that_ends_leaves_nothing_behind(after: Started) -> None:
    assert after.process.returncode == 0
    assert not (after.directory / "cloud.json").exists()
    assert has_ended(after.function)
    assert "stopped" in after.log
