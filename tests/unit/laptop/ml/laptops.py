"""What tests ask of a cloud that builds, trains and serves small models of their own."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelwharf.engines.engine import BuildRequest
from modelwharf.engines.process.image_store import ImageStore
from modelwharf.laptop.cloud import Cloud
from tests.waiting import until

REGION = "eu-west-1"
REPOSITORY = "modelwharf/toy/model"
URI = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}"

ENDS = ("Completed", "Failed", "Stopped")  # statuses of a job
DOCKERFILE = """\
ARG BASE_IMAGE=python:3.12-slim
FROM ${BASE_IMAGE}
WORKDIR /opt/program
COPY program.py .
ENTRYPOINT ["python", "/opt/program/program.py"]
"""


@dataclass
class Emitted:
    """Every event that the cloud's services emitted, in order."""

    events: list[tuple[str, Mapping[str, Any], Sequence[str]]] = field(default_factory=list)

    def __call__(
        self, source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
    ) -> None:
        json.dumps(detail)  # what EventBridge carries is JSON
        self.events.append((detail_type, detail, resources))

    def details(self, detail_type: str) -> list[Mapping[str, Any]]:
        return [detail for kind, detail, _ in list(self.events) if kind == detail_type]

    def up_to(self, what: str, name: str, status: str) -> list[Mapping[str, Any]]:
        """What was told of one job or endpoint; nothing before it was told of this status.

        A description shows a status somewhat earlier than the event that tells of it.
        """
        field = what.removeprefix("SageMaker ").replace(" ", "")
        told = [d for d in self.details(f"{what} State Change") if d[f"{field}Name"] == name]
        return told if told and told[-1][f"{field}Status"] == status else []

    def end(self, what: str, name: str) -> None:
        """Wait until the event of a job's end. Polling with Describe would slow the job down."""
        until(lambda: any(self.up_to(what, name, one) for one in ENDS), f"the end of {name}")


@dataclass
class Laptop:
    """The cloud under test with what tests ask of it."""

    cloud: Cloud
    emitted: Emitted
    role: str

    def client(self, service: str) -> Any:
        return self.cloud.client(service)

    def put(self, bucket: str, objects: Mapping[str, str | bytes]) -> None:
        s3 = self.client("s3")
        if bucket not in [held["Name"] for held in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        for key, body in objects.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body)

    def log(self, group: str, stream_prefix: str = "") -> list[str]:
        logs = self.client("logs")
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        return [
            event["message"]
            for stream in streams
            if stream["logStreamName"].startswith(stream_prefix)
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]

    def image(self, folder: Path, program: str, tag: str) -> str:
        """Build and push an image whose entry point is ``program``; its URI."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "program.py").write_text(program)
        (folder / "Dockerfile").write_text(DOCKERFILE)
        engine = self.cloud.engine
        image = engine.build(BuildRequest(folder, folder / "Dockerfile"), lambda line: None)
        ecr = self.client("ecr")
        blobs = ImageStore(self.cloud.directory / "images").find(image.digest).blobs()
        for blob in blobs.values():
            upload = ecr.initiate_layer_upload(repositoryName=REPOSITORY)["uploadId"]
            ecr.upload_layer_part(
                repositoryName=REPOSITORY,
                uploadId=upload,
                partFirstByte=0,
                partLastByte=len(blob) - 1,
                layerPartBlob=blob,
            )
            ecr.complete_layer_upload(
                repositoryName=REPOSITORY, uploadId=upload, layerDigests=list(blobs)
            )
        ecr.put_image(repositoryName=REPOSITORY, imageManifest=image.manifest, imageTag=tag)
        return f"{URI}:{tag}"

    def allow(self, *statements: Mapping[str, Any]) -> None:
        """Replace all that the role may do."""
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        self.client("iam").put_role_policy(
            RoleName=self.role.rsplit("/", 1)[-1],
            PolicyName="all",
            PolicyDocument=json.dumps(document),
        )


EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    names = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}
    names |= {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com"}
    return subprocess.run(
        ["git", "-C", str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **names, "GIT_CONFIG_GLOBAL": "/dev/null"},
    )


def new_role(cloud: Cloud) -> str:
    role = cloud.client("iam").create_role(
        RoleName="worker", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"})
    )
    return str(role["Role"]["Arn"])
