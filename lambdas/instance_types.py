"""Check, before a build, that SageMaker has the configured instance types.

Each use has its own types: ml.c5.large serves and does not train. The list in AWS's SDK may be
older than the region's types; Service Quotas lists the region's types. A type is refused only when
neither list has it.
"""

import difflib
from collections.abc import Iterable, Iterator

from lambdas.clients import Client
from modelwharf.contracts.quotas import ENDPOINT, PROCESSING, SAGEMAKER, TRAINING, QuotaNeed

SHAPES = {
    PROCESSING: "ProcessingInstanceType",
    TRAINING: "TrainingInstanceType",
    ENDPOINT: "ProductionVariantInstanceType",
}
"""Use → the enumeration in SageMaker's API."""
NEARBY = 3  # types with a similar name that a refusal lists


def unknown_types(sagemaker: Client, unlisted: Iterable[QuotaNeed]) -> Iterator[str]:
    """Describe each need whose type neither Service Quotas nor the SDK lists."""
    for need in unlisted:
        instance_type, _, usage = need.name.removesuffix(" usage").partition(" for ")
        if need.service != SAGEMAKER or usage not in SHAPES:
            continue
        allowed = sagemaker.meta.service_model.shape_for(SHAPES[usage]).enum
        if instance_type in allowed:
            continue
        like = difflib.get_close_matches(instance_type, allowed, n=NEARBY)
        yield (
            f"{need.path}: instance_type is {instance_type!r}, which SageMaker does not have for "
            f"a {usage}; it has {', '.join(like)}: aws service-quotas list-service-quotas "
            f"--service-code {SAGEMAKER} --query \"Quotas[?contains(QuotaName, 'for {usage} "
            "usage')].QuotaName\""
        )
