"""What the laptop's cloud offers: one table of every service's operations; all else is refused.

``service``     one service's part of the table: which operations are answered, and how truly
``calls``       whether a call is offered, or in words why not
``forms``       an error in the form of each protocol
``middleware``  the refusals before the gate; behind it empty lists, and moto's own failures
``page``        writes docs/laptop-services.md: ``python -m localcloud.offer.page``

A service is one file and one line in ``SERVICES``; an operation is one word in its file.
"""

from collections.abc import Mapping

from localcloud.offer import (
    cloudformation,
    cloudwatch,
    codebuild,
    codecommit,
    dynamodb,
    dynamodb_streams,
    ecr,
    events,
    functions,
    iam,
    kms,
    logs,
    s3,
    sagemaker,
    sagemaker_runtime,
    service_quotas,
    sns,
    sqs,
    ssm,
    stepfunctions,
    sts,
    xray,
)
from localcloud.offer.service import Service

_SERVICES = (
    cloudformation,
    cloudwatch,
    codebuild,
    codecommit,
    dynamodb,
    dynamodb_streams,
    ecr,
    events,
    functions,
    iam,
    kms,
    logs,
    s3,
    sagemaker,
    sagemaker_runtime,
    service_quotas,
    sns,
    sqs,
    ssm,
    stepfunctions,
    sts,
    xray,
)

SERVICES: Mapping[str, Service] = {module.SERVICE.name: module.SERVICE for module in _SERVICES}
"""By botocore's name of the service."""
