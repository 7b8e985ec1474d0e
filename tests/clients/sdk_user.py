"""An engineer with SageMaker's SDK: a role and a bucket of their own, and images of the team."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.release.laptop import Laptop

BUCKET = "sdk-users-own"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
# Version 3 uses no role that may not do this with all resources, as AmazonSageMakerFullAccess may.
_NETWORK = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
_MAY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:*", "ecr:*", "logs:*", "cloudwatch:PutMetricData", *_NETWORK],
            "Resource": "*",
        },
        {
            "Effect": "Deny",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/forbidden/*",
        },
    ],
}


@dataclass(frozen=True)
class SdkUser:
    """``images``: that of training, then that of inference, by digest."""

    role: str
    images: tuple[str, str]

    def run(self, python: str, script: Path, variables: Mapping[str, str]) -> dict[str, Any]:
        """What the script found: the last line that begins as an object; SDKs log there, too."""
        done = subprocess.run(
            [python, str(script), self.role, BUCKET, *self.images],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout[-1500:], done.stderr[-3000:])
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        assert lines, (done.stdout[-1500:], done.stderr[-1500:])
        found: dict[str, Any] = json.loads(lines[-1])
        return found


@contextmanager
def sdk_user(laptop: Laptop) -> Iterator[SdkUser]:
    """With the images of the newest release."""
    laptop.refusals.append(f"{BUCKET}/forbidden/")
    s3, iam, sagemaker = laptop.client("s3"), laptop.client("iam"), laptop.client("sagemaker")
    s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": laptop.state.region}
    )
    role = iam.create_role(RoleName="sdk", AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]
    iam.put_role_policy(RoleName="sdk", PolicyName="all", PolicyDocument=json.dumps(_MAY))
    job = sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    trained = sagemaker.describe_training_job(TrainingJobName=job)
    model = sagemaker.list_models()["Models"][0]["ModelName"]
    served = sagemaker.describe_model(ModelName=model)
    yield SdkUser(
        role["Arn"],
        (
            trained["AlgorithmSpecification"]["TrainingImage"],
            served["PrimaryContainer"]["Image"],
        ),
    )
    iam.delete_role_policy(RoleName="sdk", PolicyName="all")
    iam.delete_role(RoleName="sdk")
