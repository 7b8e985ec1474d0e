"""One permission, with a reason if its resources have a wildcard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import Stack
from aws_cdk.aws_iam import IPrincipal, PolicyDocument, PolicyStatement, Role, ServicePrincipal
from constructs import Construct

from infra.acknowledge import acknowledge

WILDCARD_RULE = "AwsSolutions-IAM5"  # cdk-nag's: IAM entities with wildcard permissions


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Actions on resources (ARNs), allowed. ``reason`` says why a resource holds a wildcard.

    Raises ValueError for an action with a wildcard, and for a resource with one and no reason.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reason: str = ""

    def __post_init__(self) -> None:
        for action in self.actions:
            if "*" in action:
                raise ValueError(f"action {action!r}: name each action, without a wildcard")
        for resource in self.wildcards:
            if not self.reason:
                raise ValueError(f"resource {resource!r} of {self.actions} needs a reason")

    @property
    def wildcards(self) -> tuple[str, ...]:
        return tuple(resource for resource in self.resources if "*" in resource)

    def statement(self) -> PolicyStatement:
        return PolicyStatement(
            actions=list(self.actions),
            resources=list(self.resources),
            conditions=dict(self.conditions) or None,
        )


def role_with(
    scope: Construct,
    construct_id: str,
    *,
    assumed_by: IPrincipal,
    grants: tuple[Grant, ...],
    description: str,
) -> Role:
    """A role with exactly these grants.

    They are inline, so the role never exists without them, and no call can come before them.
    """
    role = Role(
        scope,
        construct_id,
        assumed_by=assumed_by,
        description=description,
        inline_policies={
            "Grants": PolicyDocument(
                statements=[grant.statement() for grant in grants], minimize=False
            )
        },
    )
    for grant in grants:
        for resource in grant.wildcards:
            finding = _as_cdk_nag_writes(Stack.of(scope).resolve(resource))
            acknowledge(role, f"{WILDCARD_RULE}[Resource::{finding}]", grant.reason)
    return role


def service(scope: Construct, name: str) -> ServicePrincipal:
    """An AWS service, only while it acts for the stack's own account."""
    account = Stack.of(scope).account
    return ServicePrincipal(name, conditions={"StringEquals": {"aws:SourceAccount": account}})


def arn(scope: Construct, service: str, resource: str) -> str:
    """ARN of a resource in the stack's own partition, region and account."""
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


def _as_cdk_nag_writes(value: Any) -> str:
    """An ARN as a finding's id holds it: ``<Bucket.Arn>/*``, ``arn:<AWS::Partition>:…``."""
    match value:
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(_as_cdk_nag_writes(part) for part in parts)
        case {"Fn::GetAtt": [str(resource), str(attribute)]}:
            return f"<{resource}.{attribute}>"
        case {"Ref": str(resource)}:
            return f"<{resource}>"
        case _:
            return str(value)
