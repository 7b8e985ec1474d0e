"""The AWS services of the laptop's cloud: one file each, and one line in ``NAMES``.

``service``         what a service's file tells
``call_resources``  the resources that a call's parameters name, for ``permissions``
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from modelwharf.laptop.services.call_resources import Resources
from modelwharf.laptop.services.service import Service

NAMES = (
    "cloudformation",
    "cloudwatch",
    "codebuild",
    "codecommit",
    "dynamodb",
    "dynamodb_streams",
    "ecr",
    "events",
    "functions",
    "iam",
    "kms",
    "logs",
    "s3",
    "sagemaker",
    "sagemaker_runtime",
    "service_quotas",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
    "xray",
)
"""The modules of this package with a ``SERVICE``."""


def _service(module: str) -> Service:
    service: Service = import_module(f"{__name__}.{module}").SERVICE
    return service


def _permissions() -> dict[str, dict[str, Resources]]:
    """Two services may share a prefix, as SageMaker and its runtime do."""
    found: dict[str, dict[str, Resources]] = {}
    for service in SERVICES.values():
        found.setdefault(service.actions, {}).update(service.permissions)
    return found


SERVICES: Mapping[str, Service] = MappingProxyType(
    {service.name: service for service in map(_service, NAMES)}
)
"""The services by botocore's name."""
PERMISSIONS: Mapping[str, Mapping[str, Resources]] = MappingProxyType(_permissions())
"""The resources that each operation names, by the prefix of the service's IAM actions."""
