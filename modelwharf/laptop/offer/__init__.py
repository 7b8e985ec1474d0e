"""The operations that the laptop's cloud offers, in one table per service. All others are refused.

``service``     one service's part of the table: which operations are answered, and how
``calls``       whether a call is offered, and the reason if not
``middleware``  refusals before the gate; behind it empty lists and moto's own failures
``page``        writes docs/laptop-services.md: ``python -m modelwharf.laptop.offer.page``

A service is one file and one line in ``SERVICES``. An operation is one word in its file.
"""

from collections.abc import Mapping

from modelwharf.laptop.offer import (
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
from modelwharf.laptop.offer.service import Service

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
"""The services by botocore's name."""
