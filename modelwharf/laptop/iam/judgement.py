"""Whether a call is allowed: its needs are judged by the policies that apply.

Service control policies and KMS key policies are not judged.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moto.iam.models import Role
from moto.s3.models import s3_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.formats import PARTITION
from modelwharf.laptop.iam.authentication import authenticate
from modelwharf.laptop.iam.calls import (
    Call,
    Credential,
    HttpRequest,
    UnreadableCall,
    call_of,
)
from modelwharf.laptop.iam.encryption import key_needs
from modelwharf.laptop.iam.object_permissions import object_permissions
from modelwharf.laptop.iam.permissions import Need, UnknownOperation, needs_of
from modelwharf.laptop.iam.policies import (
    Decision,
    Document,
    Request,
    UnknownCondition,
    Value,
    decide,
)
from modelwharf.laptop.iam.principals import Principal, find_role, principal_of, role_principal
from modelwharf.laptop.iam.refusals import AccessDenied, Refusal
from modelwharf.laptop.iam.resource_policies import resource_documents
from modelwharf.laptop.services.call_resources import Place

log = logging.getLogger(__name__)

OWN_PAGES = ("/moto-api", "/_wharf/", "/latest/", "/favicon.ico")
"""The server's paths outside AWS's APIs, and moto's paths that stand for other servers: only
root may call them.
"""


def judge(cloud: Cloud, request: HttpRequest) -> None:
    """Raise a Refusal unless the call is allowed."""
    credential = authenticate(cloud, request)
    if credential.access_key == cloud.root_key.access_key_id:
        return
    principal = principal_of(cloud, credential)
    if unquote(request.path).startswith(OWN_PAGES):
        raise AccessDenied(f"User: {principal.arn} is not authorized: {request.path} is root's")
    try:
        call = call_of(request, credential.service)
        needs = _needs(cloud, call, Place(credential.region or cloud.region, cloud.account))
    except (UnreadableCall, UnknownOperation) as error:
        raise AccessDenied(f"User: {principal.arn} is not authorized: {error}") from error
    if (call.service, call.operation) == ("sts", "GetCallerIdentity"):
        return  # allowed even under an explicit Deny
    context = _context(call, principal, credential)
    for need in (*needs, *key_needs(cloud, call)):
        require(cloud, principal, need, {**context, **need.context})


def _needs(cloud: Cloud, call: Call, place: Place) -> list[Need]:
    if call.service == "s3":
        permissions = object_permissions(
            call.operation, call.parameters, lambda bucket, key: _has_object(cloud, bucket, key)
        )
        if permissions is None:
            raise UnknownOperation(f"s3 operation {call.operation} is not in the laptop's table")
        return [Need(*permission) for permission in permissions]
    return needs_of(call, place)


def _has_object(cloud: Cloud, bucket: str, key: str) -> bool:
    buckets = s3_backends[cloud.account][PARTITION].buckets
    return bucket in buckets and key in buckets[bucket].keys


def _context(call: Call, principal: Principal, credential: Credential) -> dict[str, Value]:
    tags = call.parameters.get("Tags") or call.parameters.get("tags") or []
    pairs = tags.items() if isinstance(tags, Mapping) else _tag_pairs(tags)
    requested = {f"aws:RequestTag/{key}": value for key, value in pairs}
    return {
        **requested,
        "aws:TagKeys": [name.partition("/")[2] for name in requested],
        "aws:PrincipalArn": principal.role or principal.arn,
        "aws:PrincipalAccount": principal.account,
        "aws:RequestedRegion": credential.region,
        "aws:SecureTransport": "true",  # the laptop's loopback stands for TLS
    }


def _tag_pairs(tags: Any) -> list[tuple[str, str]]:
    return [
        (str(tag.get("Key", tag.get("key"))), str(tag.get("Value", tag.get("value", ""))))
        for tag in tags
        if isinstance(tag, Mapping)
    ]


def require(cloud: Cloud, principal: Principal, need: Need, context: Mapping[str, Value]) -> None:
    """Raise AccessDenied unless identity and resource policies together allow the need."""
    resources = [need.resource]
    if need.resource == "*" and need.action.startswith("states:SendTask"):
        # AWS knows the state machine of a token. Here any machine that a policy names will do.
        resources = [*_state_machines(cloud), "*"]
    decisions = [
        _decision(cloud, principal, Request(need.action, resource, context))
        for resource in resources
    ]
    if Decision.DENIED in decisions:
        raise AccessDenied(_wording(principal, need, "with an explicit deny in a policy"))
    if Decision.ALLOWED not in decisions:
        reason = f"because no identity-based policy allows the {need.action} action"
        raise AccessDenied(_wording(principal, need, reason))


def require_of_role(
    cloud: Cloud,
    role_arn: str,
    session: str,
    action: str,
    resource: str,
    context: Mapping[str, Value] | None = None,
) -> None:
    """Judge an action that a service performs with a role without a call to this cloud.

    Raises AccessDenied, UnknownPrincipal. The cloud's log shows the refusal, as the gate's.
    """
    try:
        principal = role_principal(cloud, role_arn, session)
        require(cloud, principal, Need(action, resource), context or {})
    except Refusal as refusal:
        log.warning("denied: %s", refusal)
        raise


def _state_machines(cloud: Cloud) -> list[str]:
    backend = stepfunctions_parser_backends[cloud.account][cloud.region]
    return [machine.arn for machine in backend.state_machines]


def _wording(principal: Principal, need: Need, reason: str) -> str:
    return (
        f"User: {principal.arn} is not authorized to perform: {need.action} "
        f"on resource: {need.resource} {reason}"
    )


def _decision(cloud: Cloud, principal: Principal, request: Request) -> Decision:
    try:
        identity = identity_decision(principal, request)
        if request.action == "sts:AssumeRole":
            return _with_trust(cloud, identity, principal, request)
        resource_policies = resource_documents(cloud, request.resource)
        judged = _with_resource_policies(identity, resource_policies, principal, request)
    except UnknownCondition as error:
        raise AccessDenied(f"User: {principal.arn} is not authorized: {error}") from error
    if judged is not Decision.SILENT or identity is not Decision.ALLOWED:
        return judged
    if cloud.used_grants is not None:
        cloud.used_grants.note(principal, request)
    return Decision.ALLOWED


def identity_decision(principal: Principal, request: Request) -> Decision:
    """The identity's decision within every limit. Only an explicit deny overrides a resource's."""
    decisions = [decide(principal.documents, request)]
    decisions += [decide([limit], request) for limit in principal.limits]
    if Decision.DENIED in decisions:
        return Decision.DENIED
    return Decision.SILENT if Decision.SILENT in decisions else Decision.ALLOWED


def _with_trust(
    cloud: Cloud, identity: Decision, principal: Principal, request: Request
) -> Decision:
    """The decision with a role's trust policy, which must name the caller or its account.

    If it names the account, the caller's own policies must allow the call.
    """
    role = find_role(cloud, request.resource)
    if role is None or identity is Decision.DENIED:
        return Decision.DENIED
    trust = _trust_of(role)
    asked = Request(
        request.action, request.resource, request.context, principal.names(whole_account=True)
    )
    if decide([trust], asked) is not Decision.ALLOWED:
        return Decision.SILENT
    judged = _with_resource_policies(identity, [trust], principal, request)
    return identity if judged is Decision.SILENT else judged


def _trust_of(role: Role) -> Document:
    document = role.assume_role_policy_document
    trust: Document = json.loads(document) if isinstance(document, str) else document
    return trust


def _with_resource_policies(
    identity: Decision, policies: list[Document], principal: Principal, request: Request
) -> Decision:
    """The decision of the resource's own policies; SILENT leaves it to the identity's policies.

    The account's root in a policy delegates to identity policies: it grants nothing itself.
    """

    def judged(whole_account: bool) -> Decision:
        names = principal.names(whole_account=whole_account)
        asked = Request(request.action, request.resource, request.context, names)
        return decide(policies, asked)

    if Decision.DENIED in (identity, judged(True)):
        return Decision.DENIED
    return judged(False)


def require_service_access(
    cloud: Cloud, service: str, action: str, resource: str, *, source_arn: str | None
) -> None:
    """Raise AccessDenied unless the resource's own policy allows the AWS service's action.

    ``source_arn`` is None when the service does not say for which resource it acts.
    """
    context: dict[str, Value] = {
        "aws:SecureTransport": "true",
        "aws:PrincipalServiceName": service,
    }
    if source_arn is not None:
        context |= {"aws:SourceArn": source_arn, "aws:SourceAccount": cloud.account}
    request = Request(action, resource, context, {"Service": [service]})
    try:
        decision = decide(resource_documents(cloud, resource), request)
    except UnknownCondition as error:
        raise AccessDenied(f"{service} is not authorized: {error}") from error
    if decision is not Decision.ALLOWED:
        raise AccessDenied(
            f"{service} is not authorized to perform: {action} on resource: {resource} "
            f"because no resource-based policy allows it for {source_arn or 'an unnamed source'}"
        )


def require_trust(cloud: Cloud, role_arn: str, service: str) -> None:
    """Raise AccessDenied unless the role's trust policy lets the service assume it."""
    role = find_role(cloud, role_arn)
    if role is None:
        raise AccessDenied(f"The role {role_arn} does not exist.")
    context: dict[str, Value] = {"aws:SourceAccount": cloud.account}
    request = Request("sts:AssumeRole", role_arn, context, {"Service": [service]})
    if decide([_trust_of(role)], request) is not Decision.ALLOWED:
        raise AccessDenied(f"The role {role_arn} cannot be assumed by {service}.")
