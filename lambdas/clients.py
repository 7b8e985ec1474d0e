"""The AWS clients of one process, each made on first use and then kept."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import boto3
from botocore.config import Config

# boto3 makes its clients at run time from service descriptions. Their types are for mypy alone: a
# function is deployed without them.
if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_codecommit import CodeCommitClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

Client = TypeVar("Client")

CONFIG = Config(
    connect_timeout=5,  # seconds
    read_timeout=60,  # seconds
    retries={"mode": "standard", "total_max_attempts": 4},
)
# One attempt per call. Otherwise botocore tries four times and waits for the timeout each time,
# while a model that does not answer goes on serving. verify_endpoint has its own retries.
# InvokeEndpoint's reference advises 70 seconds: after 60 the service answers in its own words.
ONCE = CONFIG.merge(Config(read_timeout=70, retries={"mode": "standard", "total_max_attempts": 1}))
# A release can do without these responses, so a slow one is given up.
BRIEF = CONFIG.merge(Config(read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}))
CONFIGS = {"sagemaker-runtime": ONCE, "service-quotas": BRIEF}


def make_client(service: str) -> Any:
    client: Any = boto3.client  # its stubs accept literal service names only
    return client(service, config=CONFIGS.get(service, CONFIG))


class Made(Generic[Client]):
    """A client that is made on first use; the instance's attribute then stands before this one."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, clients: "Clients", owner: type) -> Client:
        client: Client = clients.make(self._service)
        vars(clients)[self._name] = client
        return client


class Clients:
    """One attribute per service. Tests pass a ``make`` that returns fakes."""

    codebuild: "Made[CodeBuildClient]" = Made("codebuild")
    codecommit: "Made[CodeCommitClient]" = Made("codecommit")
    ecr: "Made[ECRClient]" = Made("ecr")
    logs: "Made[CloudWatchLogsClient]" = Made("logs")
    s3: "Made[S3Client]" = Made("s3")
    sagemaker: "Made[SageMakerClient]" = Made("sagemaker")
    sagemaker_runtime: "Made[SageMakerRuntimeClient]" = Made("sagemaker-runtime")
    service_quotas: "Made[ServiceQuotasClient]" = Made("service-quotas")
    sns: "Made[SNSClient]" = Made("sns")
    ssm: "Made[SSMClient]" = Made("ssm")
    stepfunctions: "Made[SFNClient]" = Made("stepfunctions")

    def __init__(self, make: Callable[[str], Any] = make_client) -> None:
        self.make = make
