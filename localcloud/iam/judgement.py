"""Whether a call may go on: what it needs, against the policies that concern it.

What is not judged: service control policies, KMS key policies.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moto.iam.models import Role
from moto.s3.models import s3_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from localcloud.cloud import Cloud
from localcloud.formats import PARTITION
from localcloud.iam.authentication import authenticate
from localcloud.iam.calls import (
    Call,
    Credential,
    HttpRequest,
    UnreadableCall,
    call_of,
)
from localcloud.iam.encryption import key_needs
from localcloud.iam.object_permissions import object_permissions
from localcloud.iam.operations import Place
from localcloud.iam.permissions import Need, UnknownOperation, needs_of
from localcloud.iam.policies import Decision, Document, Request, UnknownCondition, Value, decide
from localcloud.iam.principals import Principal, find_role, principal_of, role_principal
from localcloud.iam.refusals import AccessDenied, Refusal
from localcloud.iam.resource_policies import resource_documents

log = logging.getLogger(__name__)

OWN_PAGES = ("/moto-api", "/_wharf/", "/latest/", "/favicon.ico")
"""What the server has beside AWS's APIs, and moto's paths that stand for other servers: root's."""


def judge(cloud: Cloud, request: HttpRequest) -> None:
    """Raises a Refusal unless the call may go on."""
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
        "aws:SecureTransport": "true",  # loopback stands for TLS on the laptop
    }


def _tag_pairs(tags: Any) -> list[tuple[str, str]]:
    return [
        (str(tag.get("Key", tag.get("key"))), str(tag.get("Value", tag.get("value", ""))))
        for tag in tags
        if isinstance(tag, Mapping)
    ]


def require(cloud: Cloud, principal: Principal, need: Need, context: Mapping[str, Value]) -> None:
    """Raises AccessDenied unless identity and resource policies together allow the need."""
    resources = [need.resource]
    if need.resource == "*" and need.action.startswith("states:SendTask"):
        # AWS knows which machine a token is of; any machine that a policy names will do here.
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
    """What a service does with a role, but not by a call to this cloud.

    Raises AccessDenied, UnknownPrincipal; the cloud's log tells it, too, as the gate's refusals.
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
    """What the policies allow within every limit; only an explicit deny outdoes a resource's."""
    decisions = [decide(principal.documents, request)]
    decisions += [decide([limit], request) for limit in principal.limits]
    if Decision.DENIED in decisions:
        return Decision.DENIED
    return Decision.SILENT if Decision.SILENT in decisions else Decision.ALLOWED


def _with_trust(
    cloud: Cloud, identity: Decision, principal: Principal, request: Request
) -> Decision:
    """A role's trust policy must name the caller, or the account, which may then allow it."""
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
    """What the resource's own policies say; SILENT leaves it to the identity's.

    An account's own root in a policy delegates to identity policies: it grants nothing.
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
    """Raises AccessDenied unless the resource's own policy lets the AWS service do it.

    ``source_arn`` is None where the service does not tell for what it acts.
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
    """Raises AccessDenied unless the role's trust policy lets the service assume it."""
    role = find_role(cloud, role_arn)
    if role is None:
        raise AccessDenied(f"The role {role_arn} does not exist.")
    context: dict[str, Value] = {"aws:SourceAccount": cloud.account}
    request = Request("sts:AssumeRole", role_arn, context, {"Service": [service]})
    if decide([_trust_of(role)], request) is not Decision.ALLOWED:
        raise AccessDenied(f"The role {role_arn} cannot be assumed by {service}.")
