"""Check, before a build, that SageMaker has the configured instance types.

Each use has its own types: ml.c5.large serves and does not train. The list in AWS's SDK may be
older than the region's types; Service Quotas lists the region's types. A type is refused only when
neither list has it.
"""

import difflib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from modelwharf.contracts.parameters import Data, Deployment, Training
from modelwharf.contracts.quotas import ENDPOINT, PROCESSING, SAGEMAKER, TRAINING, QuotaNeed

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import (
        ProcessingInstanceTypeType,
        ProductionVariantInstanceTypeType,
        TrainingInstanceTypeType,
    )

SHAPES = {
    PROCESSING: "ProcessingInstanceType",
    TRAINING: "TrainingInstanceType",
    ENDPOINT: "ProductionVariantInstanceType",
}
"""Use → the enumeration in SageMaker's API."""
NEARBY = 3  # types with a similar name that a refusal lists


def training_type(settings: Training) -> "TrainingInstanceTypeType":
    """Return the instance type. It comes from the user, and may be newer than the stubs.

    ``unknown_types`` refuses a wrong one before anything starts.
    """
    return cast("TrainingInstanceTypeType", settings.instance_type)


def processing_type(settings: Data) -> "ProcessingInstanceTypeType":
    """Return the instance type, as ``training_type``."""
    return cast("ProcessingInstanceTypeType", settings.instance_type)


def endpoint_type(settings: Deployment) -> "ProductionVariantInstanceTypeType":
    """Return the instance type, as ``training_type``."""
    return cast("ProductionVariantInstanceTypeType", settings.instance_type)


def unknown_types(sagemaker: "SageMakerClient", unlisted: Iterable[QuotaNeed]) -> Iterator[str]:
    """Describe each need whose type neither Service Quotas nor the SDK lists."""
    for need in unlisted:
        instance_type, _, usage = need.name.removesuffix(" usage").partition(" for ")
        if need.service != SAGEMAKER or usage not in SHAPES:
            continue
        shape = sagemaker.meta.service_model.shape_for(SHAPES[usage])
        allowed: list[str] = shape.metadata["enum"]
        if instance_type in allowed:
            continue
        like = difflib.get_close_matches(instance_type, allowed, n=NEARBY)
        yield (
            f"{need.path}: instance_type is {instance_type!r}, which SageMaker does not have for "
            f"a {usage}; it has {', '.join(like)}: aws service-quotas list-service-quotas "
            f"--service-code {SAGEMAKER} --query \"Quotas[?contains(QuotaName, 'for {usage} "
            "usage')].QuotaName\""
        )
