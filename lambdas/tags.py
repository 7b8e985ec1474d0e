"""The tags that every resource made for a release carries."""

from modelwharf.contracts.release import ReleaseDocument


def release_tags(document: ReleaseDocument) -> list[dict[str, str]]:
    return [
        {"Key": "modelwharf:project", "Value": document.project},
        {"Key": "modelwharf:release", "Value": document.release_id},
    ]
