"""The limits of a role's policies: its permissions boundary and a session's own policy.

Each limit must allow an action, too (IAM user guide, "Policy evaluation logic"). moto stores
both, and does not apply them.
"""

import json
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend, ManagedPolicy, Role
from moto.iam.responses import IamResponse
from moto.sts.responses import TokenResponse

from modelwharf.laptop.iam.policies import Document
from modelwharf.laptop.overrides import replace, stock


class NotJudged(ServiceException):
    """A limit that the laptop's cloud would not enforce."""

    code = "ValidationError"


def limits_of(backend: IAMBackend, role: Role, policy: str | None = None) -> tuple[Document, ...]:
    """The documents that must all allow the role's actions. ``policy`` is the session's own."""
    found = [_boundary(backend, role), policy]
    return tuple(json.loads(text) for text in found if text)


def _boundary(backend: IAMBackend, role: Role) -> str | None:
    """The boundary's document. For a deleted policy, a document that allows nothing."""
    arn = role.permissions_boundary_arn
    if not arn:
        return None
    policy = backend.managed_policies.get(arn)
    if policy is None:
        return '{"Statement": []}'
    return default_document(policy)


def default_document(policy: ManagedPolicy) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)


def install() -> None:
    """Refuse the limits that moto ignores."""
    _refuse(IamResponse, "create_user", "PermissionsBoundary", "a boundary of a role is judged")
    _refuse(TokenResponse, "assume_role", "PolicyArns", "one policy, Policy, is judged")


def _refuse(owner: type, operation: str, parameter: str, instead: str) -> None:
    made = stock(owner, operation)

    def unless_given(self: Any) -> ActionResult:
        if self._get_param(parameter):
            raise NotJudged(f"{parameter} is not judged on the laptop's cloud; {instead}")
        result: ActionResult = made(self)
        return result

    replace(owner, operation, unless_given)
