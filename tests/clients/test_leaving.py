"""No client leaves for AWS, whichever it is; unmodified, each finds the laptop's cloud.

Run by `make test-clients` in a network namespace of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.reads import CALLS, FOR_SURE
from tests.clients.trap import Trap
from tests.waiting import HUNG

OURS = Path(sys.executable).parent / "aws"
DEBIAN_S = Path("/usr/bin/aws")
SDK_3 = os.environ.get("WHARF_SDK_3_PYTHON", "")
# The CLI's own main, call after call in one process: most of a call is the start of Python.
MANY = """
import contextlib, io, json, sys
import awscli.clidriver
told = []
for line in json.load(sys.stdin):
    sys.argv = ["aws", *line.split()]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = awscli.clidriver.main()
        except SystemExit as ended:
            code = ended.code
    told.append([line, code, err.getvalue()])
json.dump(told, sys.stdout)
"""


def run(
    words: list[str], variables: dict[str, str], stdin: str = "", **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        input=stdin,
        env={**variables, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=HUNG,
    )


def python_of(aws: Path) -> str:
    """What runs this `aws`, from its first line."""
    return aws.read_text().splitlines()[0].removeprefix("#!").split()[-1]


def require(aws: Path) -> None:
    if not aws.exists():
        pytest.fail(f"{aws} is not there: apt-get install awscli")


def settings_for(aws: Path, variables: dict[str, str]) -> dict[str, str]:
    """What `wharf env` prints for a user whose PATH begins with this `aws`."""
    return {**variables, "PATH": f"{aws.parent}{os.pathsep}{variables['PATH']}"}


def test_what_leaves_is_caught(trap: Trap, variables: dict[str, str]) -> None:
    """The positive control: without the settings, the same client leaves."""
    trap.emptied()
    keys = {n: v for n, v in variables.items() if n in ("PATH", "HOME") or "KEY" in n}
    done = run([str(OURS), "sqs", "list-queues", "--region", "eu-west-1"], keys)
    assert done.returncode != 0
    assert any(name.endswith("amazonaws.com") for name in trap.emptied())


def test_an_address_of_aws_that_a_client_insists_on_gets_no_request(
    trap: Trap, variables: dict[str, str]
) -> None:
    url = "https://127.0.0.2"
    words = [str(OURS), "sts", "get-caller-identity", "--endpoint-url", url]
    done = run(words, variables)
    assert done.returncode != 0 and "SSL" in done.stderr
    assert trap.emptied() == ["127.0.0.2:443"]


@pytest.mark.usefixtures("nothing_leaves")
@pytest.mark.parametrize("aws", [OURS, DEBIAN_S], ids=["version 1", "version 2"])
def test_the_aws_cli_stays(aws: Path, variables: dict[str, str]) -> None:
    require(aws)
    found = settings_for(aws, variables)
    done = run([python_of(aws), "-c", MANY], found, json.dumps(CALLS.splitlines()))
    assert done.returncode == 0, done.stderr
    for line, code, said in json.loads(done.stdout):
        refused = "An error occurred (" in said
        assert code == 0 or refused, (line, code, said)
        assert code == 0 or line.split()[0] not in FOR_SURE, (line, code, said)


BOTO3 = """
import boto3, json, os
session = boto3.Session()
url = os.environ["AWS_ENDPOINT_URL"]
away = {name: client.meta.endpoint_url for name in session.get_available_services()
        if (client := session.client(name)).meta.endpoint_url != url}
print(json.dumps(away))
"""


@pytest.mark.usefixtures("nothing_leaves")
def test_every_service_of_boto3_is_called_at_the_laptop_s_cloud(variables: dict[str, str]) -> None:
    done = run([sys.executable, "-c", BOTO3], variables)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}


VIRTUAL = """
import boto3
s3 = boto3.client("s3")
s3.create_bucket(Bucket="path-style", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
url = s3.generate_presigned_url("put_object", {"Bucket": "path-style", "Key": "k"})
import urllib.request
binary = {"Content-Type": "application/octet-stream"}
urllib.request.urlopen(urllib.request.Request(url, b"x", binary, method="PUT")).close()
assert s3.get_object(Bucket="path-style", Key="k")["Body"].read() == b"x"
print(boto3.client("sts").get_caller_identity()["Account"])
"""


@pytest.mark.usefixtures("nothing_leaves")
def test_a_url_that_boto3_presigns_as_it_likes_works(variables: dict[str, str]) -> None:
    done = run([sys.executable, "-c", VIRTUAL], variables)
    assert (done.returncode, done.stdout.strip()) == (0, "123456789012"), done.stderr


SDK = """
import json, sys
{imports}
session = Session()
bucket = session.default_bucket()
import boto3
held = [one["Name"] for one in boto3.client("s3").list_buckets()["Buckets"]]
print(json.dumps([bucket, bucket in held]))
"""
SDKS: dict[str, tuple[str, str]] = {
    "version 2": (sys.executable, "from sagemaker.session import Session"),
    "version 3": (SDK_3, "from sagemaker.core.helper.session_helper import Session"),
}


@pytest.mark.usefixtures("nothing_leaves")
@pytest.mark.parametrize("version", SDKS)
def test_sagemaker_s_sdk_finds_its_bucket_here(version: str, variables: dict[str, str]) -> None:
    python, imports = SDKS[version]
    if not python:
        pytest.fail("WHARF_SDK_3_PYTHON names no Python with sagemaker 3: `make test-clients`")
    done = run([python, "-c", SDK.format(imports=imports)], variables)
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    assert found == ["sagemaker-eu-west-1-123456789012", True]
