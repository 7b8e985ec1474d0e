"""What the tests of the laptop's cloud share: a server, roles and functions."""

import io
import json
import textwrap
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.credentials import Credentials
from moto.moto_api._internal import moto_api_backend

from modelwharf.laptop.assembly import Assembly, FileAsset
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.cloudformation import deploy
from modelwharf.laptop.server import Server
from tests.signing import ask

REGION = "eu-west-1"
ACCOUNT = "123456789012"
LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]


@contextmanager
def serving(directory: Path) -> Iterator["World"]:
    server = Server(directory, region=REGION)
    try:
        moto_api_backend.reset()  # moto's state is the whole process's
        yield World(server.cloud)
    finally:
        server.stop()


class World:
    """One cloud, and the calls that many tests make."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._count = 0

    def client(self, service: str, role: str | None = None) -> Any:
        return self.cloud.client(service, role=role)

    def page(self, path: str, document: Any = None) -> Any:
        """What a page of the cloud's own answers to root. Raises urllib's HTTPError."""
        keys = self.cloud.root_credentials()
        key = Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
        return ask(f"{self.cloud.url}{path}", key, document)

    def stranger(self, service: str) -> Any:
        client: Any = boto3.client  # the stubs take literal service names only
        return client(
            service,
            region_name=REGION,
            endpoint_url=self.cloud.url,
            aws_access_key_id="AKIASTRANGER",
            aws_secret_access_key="unknown",
        )

    def name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}-{self._count}"

    def role(self, *statements: dict[str, Any], service: str = "lambda.amazonaws.com") -> str:
        """A role with one inline policy; its ARN."""
        name = self.name("role")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        iam = self.client("iam")
        arn: str = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
        )["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
        return arn

    def function(self, source: str, *, role: str | None = None, **settings: Any) -> str:
        """A function whose module ``app`` has this source; its name."""
        name = self.name("function")
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="app.handler",
            Role=role or self.role(allow(LOGS)),
            Code={"ZipFile": archive({"app.py": textwrap.dedent(source)})},
            **{"Timeout": 60, **settings},
        )
        return name

    def arn(self, function: str) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"

    def permit(self, function: str, service: str, source_arn: str) -> None:
        self.client("lambda").add_permission(
            FunctionName=function,
            StatementId=self.name("permission"),
            Action="lambda:InvokeFunction",
            Principal=service,
            SourceArn=source_arn,
        )

    def queue_policy(
        self, url: str, arn: str, source: str, service: str = "events.amazonaws.com"
    ) -> None:
        """Let EventBridge, or another service, send to the queue for this source."""
        statement = allow(
            "sqs:SendMessage",
            arn,
            Principal={"Service": service},
            Condition={"ArnEquals": {"aws:SourceArn": source}},
        )
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def invoke(self, function: str, event: Any = None) -> tuple[str | None, Any]:
        """FunctionError and the payload."""
        answer = self.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps(event), LogType="Tail"
        )
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    def log(self, function: str) -> list[str]:
        """Everything that the function ever logged."""
        group = f"/aws/lambda/{function}"
        logs = self.client("logs")
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        found = logs.filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in found]

    def deploy(self, resources: dict[str, Any], directory: Path, **parts: Any) -> dict[str, str]:
        """Deploy a template with these resources; its outputs."""
        stack = self.name("stack")
        template = {"Resources": resources, **parts}
        deploy(self.cloud, assembly_of(template, stack, directory))
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def assembly_of(template: dict[str, Any], stack: str, directory: Path) -> Assembly:
    file = directory / f"{stack}.template.json"
    file.write_text(json.dumps(template))
    asset = FileAsset(file, zipped=False, bucket="assets-${AWS::Region}", key=file.name)
    return Assembly(stack, template, file, (asset,))


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def archive(files: dict[str, str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return target.getvalue()
