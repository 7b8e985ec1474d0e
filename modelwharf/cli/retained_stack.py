"""The template of the resources that stay after `wharf destroy`.

The stack itself stays, and the next `cdk deploy` updates it, so that no resource is imported and no
name conflicts (docs/decisions/0063).
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from modelwharf.artifact.contract import Contract

RETAINED = frozenset({"Retain", "RetainExceptOnCreate"})
BUCKET_POLICY = "AWS::S3::BucketPolicy"
CHARGES = {
    "AWS::KMS::Key": "a monthly charge for each key",
    "AWS::S3::Bucket": "storage, by GB and month",
    "AWS::DynamoDB::Table": "storage and backups, by GB and month",
    "AWS::ECR::Repository": "storage of images, by GB and month",
    "AWS::Logs::LogGroup": "storage, by GB and month",
    "AWS::CodeCommit::Repository": "active users, by month",
}


class Kept(Contract):
    """A resource that stays, and what AWS charges for it."""

    name: str
    type: str
    physical: str
    charge: str


class RemovalPlan(Contract):
    """What `wharf destroy` will remove and keep."""

    project: str
    stack: str
    everything: bool
    endpoint: str | None
    """The endpoint's name, if it exists."""
    instances: tuple[str, ...]
    """The endpoint's instances, each charged by the hour until it is deleted."""
    releases: tuple[str, ...]
    jobs: tuple[str, ...]
    endpoint_configs: tuple[str, ...]
    models: tuple[str, ...]
    kept: tuple[Kept, ...]
    removed: int
    """The number of the stack's resources that are removed."""


def retained_template(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template with the resources that deletion policies keep, and those they refer
    to.
    """
    resources = template["Resources"]
    kept = {name for name, one in resources.items() if one.get("DeletionPolicy") in RETAINED}
    todo = list(kept)
    while todo:
        for other in set(_references(resources[todo.pop()])) & resources.keys() - kept:
            kept.add(other)
            todo.append(other)
    kept |= {
        name
        for name, one in resources.items()
        if one["Type"] == BUCKET_POLICY
        and set(_references(one.get("Properties", {}))) & resources.keys() <= kept
    }
    if not kept:
        return {}
    reduced: dict[str, Any] = {
        "Description": template.get("Description", ""),
        "Resources": {name: resources[name] for name in resources if name in kept},
    }
    outputs = {
        name: one
        for name, one in template.get("Outputs", {}).items()
        if set(_references(one)) & resources.keys() <= kept
    }
    if outputs:
        reduced["Outputs"] = outputs
    used = set(_references(reduced))
    for part in ("Parameters", "Conditions", "Mappings"):
        found = {name: one for name, one in template.get(part, {}).items() if name in used}
        if found:
            reduced[part] = found
    return copy.deepcopy(reduced)


def deletable_template(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same template with resources that are deleted with the stack.

    CloudFormation accepts no update of a deletion policy alone, so the metadata changes too
    (template reference, "DeletionPolicy attribute").
    """
    made = copy.deepcopy(dict(template))
    for one in made["Resources"].values():
        one["DeletionPolicy"] = one["UpdateReplacePolicy"] = "Delete"
        one["Metadata"] = {**one.get("Metadata", {}), "modelwharf:removal": "everything"}
        properties = one.setdefault("Properties", {})
        if one["Type"] == "AWS::DynamoDB::Table":
            properties["DeletionProtectionEnabled"] = False
        if one["Type"] == "AWS::ECR::Repository":
            properties["EmptyOnDelete"] = True
    return made


def _references(node: Any) -> Iterator[str]:
    """Yield the names in Ref, Fn::GetAtt, Fn::Sub, Fn::If, Fn::FindInMap, Condition and
    DependsOn.
    """
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("Ref", "Condition") and isinstance(value, str):
                yield value
            elif key in ("Fn::GetAtt", "Fn::If", "Fn::FindInMap") and isinstance(value, list):
                yield str(value[0])
            elif key == "DependsOn":
                yield from [value] if isinstance(value, str) else value
            elif key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                yield from (part.split("}")[0].split(".")[0] for part in text.split("${")[1:])
            yield from _references(value)
    elif isinstance(node, list):
        for item in node:
            yield from _references(item)
