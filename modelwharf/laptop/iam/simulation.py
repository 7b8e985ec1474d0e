"""SimulatePrincipalPolicy: what the policies of a role or a user would decide.

SageMaker's SDK v3 calls it before it uses a role.
"""

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.exceptions import NoSuchEntity
from moto.iam.responses import IamResponse

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.iam.judgement import identity_decision
from modelwharf.laptop.iam.policies import Decision, Request, UnknownCondition, Value
from modelwharf.laptop.iam.principals import Principal, role_principal, user_principal
from modelwharf.laptop.iam.refusals import UnknownPrincipal
from modelwharf.laptop.overrides import replace

WORDS = {
    Decision.ALLOWED: "allowed",
    Decision.DENIED: "explicitDeny",
    Decision.SILENT: "implicitDeny",
}
NOT_SIMULATED = (
    "PolicyInputList",
    "PermissionsBoundaryPolicyInputList",
    "ResourcePolicy",
    "ResourceOwner",
    "CallerArn",
    "ResourceHandlingOption",
)
"""Parameters that would change the answer. Only the principal's own policies are evaluated here."""


class NotSimulated(ServiceException):
    code = "InvalidInput"


def install(cloud: Cloud) -> None:
    """Answer with the same evaluation that judges real calls."""

    def simulate_principal_policy(self: IamResponse) -> ActionResult:
        given = [name for name in NOT_SIMULATED if self._get_param(name)]
        if given:
            raise NotSimulated(f"not simulated on the laptop's cloud: {', '.join(given)}")
        principal = _principal(cloud, self._get_param("PolicySourceArn"))
        context = _context(self._get_param("ContextEntries") or [])
        results = [
            _result(principal, Request(action, resource, context))
            for action in self._get_param("ActionNames")
            for resource in self._get_param("ResourceArns") or ["*"]
        ]
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})

    replace(IamResponse, "simulate_principal_policy", simulate_principal_policy)


def _principal(cloud: Cloud, arn: str) -> Principal:
    try:
        if ":user/" in arn:
            return user_principal(cloud, arn)
        return role_principal(cloud, arn, "simulation")
    except UnknownPrincipal as error:
        raise NoSuchEntity(str(error)) from None


def _context(entries: list[dict[str, Any]]) -> dict[str, Value]:
    return {one["ContextKeyName"]: one["ContextKeyValues"] for one in entries}


def _result(principal: Principal, request: Request) -> dict[str, Any]:
    try:
        decision = identity_decision(principal, request)
    except UnknownCondition as error:
        raise NotSimulated(str(error)) from None
    return {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": WORDS[decision],
        "MatchedStatements": [],
        "MissingContextValues": [],
    }
