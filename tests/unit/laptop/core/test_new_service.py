"""A new laptop service is one file and one line in a table."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import modelwharf

LINE = '    "xray",\n'
SERVICE = """
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.services.call_resources import each, named
from modelwharf.laptop.services.service import Service, operations


def install(cloud: Cloud) -> None:
    print("installed")


SERVICE = Service(
    "secretsmanager",
    target="secretsmanager",
    moto=operations("CreateSecret DescribeSecret GetSecretValue"),
    permissions=each(named("secretsmanager", "secret:", "SecretId"), "GetSecretValue"),
    install=install,
)
"""
PROGRAM = """
import json, pathlib, sys
from botocore.exceptions import ClientError
from modelwharf.laptop.offer.page import page
from modelwharf.laptop.server import Server

def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


server = Server(pathlib.Path(sys.argv[1]), region="eu-west-1")
cloud = server.cloud
try:
    arn = cloud.client("secretsmanager").create_secret(Name="tiny", SecretString="4711")["ARN"]
    iam = cloud.client("iam")
    trust = policy(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allowed = policy(Action="secretsmanager:*", Resource=arn)
    iam.put_role_policy(RoleName="reader", PolicyName="one", PolicyDocument=allowed)
    reader = cloud.client("secretsmanager", role=role)
    print(reader.get_secret_value(SecretId=arn)["SecretString"])
    for call in (
        lambda: reader.get_secret_value(SecretId="other"),
        lambda: reader.describe_secret(SecretId=arn),
        lambda: reader.delete_secret(SecretId=arn),
    ):
        try:
            call()
        except ClientError as error:
            print(error.response["Error"]["Code"])
    print("## secretsmanager" in page())
finally:
    server.stop()
"""


def test_one_file_and_one_line_add_a_service(tmp_path: Path) -> None:
    """In a copy of the package: the service is offered, judged, installed and documented."""
    package = tmp_path / "modelwharf"
    shutil.copytree(
        Path(modelwharf.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    services = package / "laptop" / "services"
    (services / "secrets_manager.py").write_text(SERVICE)
    table = services / "__init__.py"
    assert table.read_text().count(LINE) == 1
    table.write_text(table.read_text().replace(LINE, f'{LINE}    "secrets_manager",\n'))

    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "cloud"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines() == [
        "installed",
        "4711",
        "AccessDeniedException",  # another secret
        "AccessDeniedException",  # an operation without permissions in the file
        "UnknownOperationException",  # an operation that the file does not name
        "True",
    ]
