"""The tags that every resource made for a release carries."""

from typing import TYPE_CHECKING

from modelwharf.contracts.release import ReleaseDocument

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import TagTypeDef


def release_tags(document: ReleaseDocument) -> list["TagTypeDef"]:
    return [
        {"Key": "modelwharf:project", "Value": document.project},
        {"Key": "modelwharf:release", "Value": document.release_id},
    ]
