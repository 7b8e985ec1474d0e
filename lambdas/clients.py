"""The AWS clients of one process, each made on first use and then kept."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

# boto3 makes its clients at run time from service descriptions; there is no class to name.
Client = Any

CONFIG = Config(
    connect_timeout=5,  # seconds
    read_timeout=60,  # seconds; InvokeEndpoint's own limit
    retries={"mode": "standard", "total_max_attempts": 4},
)
# One attempt per call. Otherwise botocore tries four times and waits for the timeout each time,
# while a model that does not answer goes on serving. verify_endpoint has its own retries.
ONCE = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
# A release can do without these responses, so a slow one is given up.
BRIEF = CONFIG.merge(Config(read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}))
CONFIGS = {"sagemaker-runtime": ONCE, "service-quotas": BRIEF}


def make_client(service: str) -> Client:
    client: Any = boto3.client  # its stubs accept literal service names only
    return client(service, config=CONFIGS.get(service, CONFIG))


class Clients:
    """One attribute per service. Tests pass a ``make`` that returns fakes."""

    def __init__(self, make: Callable[[str], Client] = make_client) -> None:
        self._make = make

    @cached_property
    def codebuild(self) -> Client:
        return self._make("codebuild")

    @cached_property
    def codecommit(self) -> Client:
        return self._make("codecommit")

    @cached_property
    def ecr(self) -> Client:
        return self._make("ecr")

    @cached_property
    def logs(self) -> Client:
        return self._make("logs")

    @cached_property
    def s3(self) -> Client:
        return self._make("s3")

    @cached_property
    def sagemaker(self) -> Client:
        return self._make("sagemaker")

    @cached_property
    def sagemaker_runtime(self) -> Client:
        return self._make("sagemaker-runtime")

    @cached_property
    def service_quotas(self) -> Client:
        return self._make("service-quotas")

    @cached_property
    def sns(self) -> Client:
        return self._make("sns")

    @cached_property
    def ssm(self) -> Client:
        return self._make("ssm")

    @cached_property
    def stepfunctions(self) -> Client:
        return self._make("stepfunctions")
