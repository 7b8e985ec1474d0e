"""The synthesised template, read with its references resolved to readable names."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com",
}
HASH = re.compile(r"[0-9A-F]{8}$")  # the CDK's, at the end of a logical id


@dataclass(frozen=True)
class Resource:
    """One resource: its logical id without the hash, and what the template says."""

    name: str
    type: str
    properties: dict[str, Any]
    body: dict[str, Any]


@dataclass(frozen=True)
class Grants:
    """A role's permissions: every (action, resource), and the condition each carries."""

    allowed: frozenset[tuple[str, str]]
    conditions: dict[tuple[str, str], Any]


class Template:
    """A CloudFormation template whose intrinsic functions read as text.

    ``Ref`` reads as ``<Topic>``, ``Fn::GetAtt`` as ``<Topic.Arn>``, pseudo parameters as an
    account would fill them in.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(
            Resource(
                name=HASH.sub("", logical_id),
                type=body["Type"],
                properties=readable(body.get("Properties", {})),
                body=body,
            )
            for logical_id, body in self.document["Resources"].items()
        )

    def of_type(self, resource_type: str) -> tuple[Resource, ...]:
        return tuple(item for item in self.resources if item.type == resource_type)

    def one(self, resource_type: str, name: str | None = None) -> Resource:
        found = [item for item in self.of_type(resource_type) if name in (None, item.name)]
        assert len(found) == 1, f"{resource_type} {name}: {[item.name for item in found]}"
        return found[0]

    def grants(self, role: str) -> Grants:
        return grants_of(self.one("AWS::IAM::Role", role))


def grants_of(role: Resource) -> Grants:
    allowed = set()
    conditions = {}
    assert "ManagedPolicyArns" not in role.properties, role.name
    for policy in role.properties.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]):
                    allowed.add((action, resource))
                    if "Condition" in statement:
                        conditions[action, resource] = statement["Condition"]
    return Grants(frozenset(allowed), conditions)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def readable(value: Any) -> Any:
    match value:
        case {"Ref": str(name)} if len(value) == 1:
            return PSEUDO.get(name) or f"<{HASH.sub('', name)}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{HASH.sub('', name)}.{attribute}>"
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(str(readable(part)) for part in parts)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: PSEUDO[found[1]], text)
        case dict():
            return {key: readable(item) for key, item in value.items()}
        case list():
            return [readable(item) for item in value]
        case _:
            return value


def load(path: Any) -> Template:
    return Template(json.loads(path.read_text()))
