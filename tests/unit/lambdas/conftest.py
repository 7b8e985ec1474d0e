"""One runtime of fakes: the ledger, S3 and Parameter Store are moto's, in this process."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.moto_api._internal.models import moto_api_backend

from lambdas.clients import Clients
from lambdas.environment import Environment
from lambdas.ledger import Ledger
from lambdas.runtime import Runtime
from modelwharf.laptop import answer_keys  # noqa: F401  moto answers a quarter faster
from tests.unit.lambdas import fakes

REGION = "eu-west-1"
KEYS: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}

ENVIRONMENT = Environment(
    project="oil-price",
    ledger_table="ledger",
    data_bucket="data",
    artifact_bucket="artifacts",
    storage_key_arn="arn:aws:kms:eu-west-1:123456789012:key/storage",
    notifications_topic_arn="arn:aws:sns:eu-west-1:123456789012:notifications",
    state_machine_arn="arn:aws:states:eu-west-1:123456789012:stateMachine:modelwharf-oil-price",
    code_repository="oil-price",
    build_project="images",
    training_repository="modelwharf/oil-price/training",
    inference_repository="modelwharf/oil-price/inference",
    prepare_role_arn="arn:aws:iam::123456789012:role/prepare",
    train_role_arn="arn:aws:iam::123456789012:role/train",
    serve_role_arn="arn:aws:iam::123456789012:role/serve",
    model_package_group="oil-price",
    endpoint="oil-price",
    eia_key_parameter="/modelwharf/oil-price/eia-api-key",
)


class Clock:
    """Epoch seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.time = 1_800_000_000

    def __call__(self) -> int:
        return self.time


@dataclass
class World:
    """The services as the tests see them, and the runtime that the functions get."""

    table: Any
    s3: Any
    ssm: Any
    clock: Clock = field(default_factory=Clock)
    stepfunctions: fakes.FakeStepFunctions = field(default_factory=fakes.FakeStepFunctions)
    sagemaker: fakes.FakeSageMaker = field(default_factory=fakes.FakeSageMaker)
    sagemaker_runtime: fakes.FakeRuntime = field(default_factory=fakes.FakeRuntime)
    ecr: fakes.FakeRegistry = field(default_factory=fakes.FakeRegistry)
    codebuild: fakes.FakeCodeBuild = field(default_factory=fakes.FakeCodeBuild)
    codecommit: fakes.FakeCodeCommit = field(default_factory=fakes.FakeCodeCommit)
    logs: fakes.FakeLogs = field(default_factory=fakes.FakeLogs)
    sns: fakes.FakeSns = field(default_factory=fakes.FakeSns)
    quotas: fakes.FakeQuotas = field(default_factory=fakes.FakeQuotas)
    environment: Environment = ENVIRONMENT
    slept: list[float] = field(default_factory=list)

    @property
    def services(self) -> dict[str, Any]:
        return {
            "codebuild": self.codebuild,
            "codecommit": self.codecommit,
            "ecr": self.ecr,
            "logs": self.logs,
            "s3": self.s3,
            "sagemaker": self.sagemaker,
            "sagemaker-runtime": self.sagemaker_runtime,
            "service-quotas": self.quotas,
            "sns": self.sns,
            "ssm": self.ssm,
            "stepfunctions": self.stepfunctions,
        }

    @property
    def runtime(self) -> Runtime:
        return Runtime(
            environment=self.environment,
            ledger=Ledger(self.table),
            clients=Clients(self.services.__getitem__),
            now=self.clock,
            sleep=self.slept.append,
        )

    @property
    def answers(self) -> dict[str, dict[str, Any]]:
        return self.stepfunctions.answers


@dataclass(frozen=True)
class Connections:
    """Clients of moto's services; making one takes longer than any test."""

    s3: Any
    ssm: Any
    dynamodb: Any


@pytest.fixture(scope="session")
def connections() -> Connections:
    return connect()


@functools.cache
def connect() -> Connections:
    return Connections(
        s3=boto3.client("s3", region_name=REGION, **KEYS),
        ssm=boto3.client("ssm", region_name=REGION, **KEYS),
        dynamodb=boto3.resource("dynamodb", region_name=REGION, **KEYS),
    )


@pytest.fixture(scope="module", autouse=True)
def moto() -> Iterator[None]:
    """Once a module: it takes as long as all calls that a new world makes."""
    with mock_aws():
        yield


@pytest.fixture
def world(connections: Connections) -> World:
    return new_world(connections)


def new_world(connections: Connections) -> World:
    """In services that the one before has left nothing in."""
    moto_api_backend.reset()
    for bucket in ("data", "artifacts"):
        connections.s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        connections.s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
        )
    world = World(table=_table(connections), s3=connections.s3, ssm=connections.ssm)
    world.sagemaker.s3 = connections.s3
    return world


def _table(connections: Connections) -> Any:
    strings = ["pk", "sk", "waiting", "release_id"]
    return connections.dynamodb.create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            *({"AttributeName": name, "AttributeType": "S"} for name in strings),
            {"AttributeName": "next_check", "AttributeType": "N"},
        ],
        GlobalSecondaryIndexes=[
            _index("waiting", "waiting", "next_check"),
            _index("release", "release_id", "sk"),
        ],
    )


def _index(name: str, partition: str, sort: str) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": partition, "KeyType": "HASH"},
            {"AttributeName": sort, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
