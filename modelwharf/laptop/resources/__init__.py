"""The resource types of a template. Each makes the API calls that CloudFormation makes.

Stock moto skips types it does not know and properties it does not read, and calls the stack
complete. Here each type lists its properties, and all others are refused.
"""

from modelwharf.laptop.resources import (
    cloudwatch,
    codebuild,
    codecommit,
    dynamodb,
    ecr,
    events,
    functions,
    iam,
    kms,
    logs,
    s3,
    sagemaker,
    sns,
    sqs,
    ssm,
    stepfunctions,
)
from modelwharf.laptop.resources.resource import Resource

_SERVICES = (
    cloudwatch,
    codebuild,
    codecommit,
    dynamodb,
    ecr,
    events,
    functions,
    iam,
    kms,
    logs,
    s3,
    sagemaker,
    sns,
    sqs,
    ssm,
    stepfunctions,
)

TYPES: dict[str, type[Resource]] = {
    resource.type: resource for service in _SERVICES for resource in service.TYPES
}

__all__ = ["TYPES", "Resource"]
