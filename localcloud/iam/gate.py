"""IAM: every call to the cloud is judged by the policies of the role that signed it.

Stock moto gives most services no resource to judge, ignores conditions and never asks for
PassRole, so that it denies what AWS allows and allows what AWS denies. Here one gate stands
before all of moto. What it does not do: verify signatures (the cloud listens on loopback
only), permission boundaries, session policies, service control policies, KMS key policies.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.awslambda.utils import get_backend as get_lambda_backend
from moto.iam.access_control import PermissionResult
from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.sts.models import AssumedRole, sts_backends

from localcloud.cloud import ROOT_ACCESS_KEY, Cloud
from localcloud.iam.calls import (
    Call,
    Credential,
    HttpRequest,
    UnreadableCall,
    call_of,
    credential_of,
)
from localcloud.iam.object_permissions import object_permissions
from localcloud.iam.permissions import Need, Place, UnknownOperation, needs_of
from localcloud.iam.policies import Decision, Document, Request, UnknownCondition, Value, decide
from localcloud.overrides import replace

log = logging.getLogger(__name__)

PARTITION = "aws"
UNSIGNED_PATHS = ("/moto-api", "/_wharf/")
"""The server's own pages; nothing of AWS is under them."""


def install(cloud: Cloud) -> None:
    """Leave bucket policies to the gate: moto's own check of them knows no conditions."""

    def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL

    replace(FakeBucket, "get_permission", get_permission)


class AccessDenied(Exception):
    """The policies do not allow it. The text is AWS's own wording."""


class UnknownPrincipal(Exception):
    """No user, role session or root key has signed this."""


@dataclass(frozen=True)
class Principal:
    """Who calls: ``arn`` names the session or user, ``role`` the role's own ARN."""

    arn: str
    role: str | None
    documents: tuple[Document, ...]
    account: str

    def names(self, *, whole_account: bool) -> dict[str, list[str]]:
        """What the Principal element of a resource policy may call it."""
        names = [self.arn, *([self.role] if self.role else [])]
        if whole_account:
            names += [self.account, f"arn:aws:iam::{self.account}:root"]
        return {"AWS": names}


class Gate:
    """WSGI middleware: lets a call pass to moto, or answers that it is denied."""

    def __init__(self, cloud: Cloud, application: Callable[..., Iterable[bytes]]) -> None:
        self._cloud = cloud
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(UNSIGNED_PATHS):
            return self._application(environ, start_response)
        request = _http_request(environ)
        try:
            judge(self._cloud, request)
        except AccessDenied as error:
            log.warning("denied: %s", error)  # a HEAD request's answer cannot say it
            return _refusal(request, start_response, "AccessDenied", str(error))
        except UnknownPrincipal as error:
            return _refusal(request, start_response, "UnrecognizedClient", str(error))
        return self._application(environ, start_response)


def judge(cloud: Cloud, request: HttpRequest) -> None:
    """Raises AccessDenied or UnknownPrincipal unless the call may go on."""
    credential = credential_of(request)
    if credential is None:
        raise UnknownPrincipal("The request is not signed: it must carry AWS credentials.")
    if credential.access_key == ROOT_ACCESS_KEY:
        return
    principal = principal_of(cloud, credential)
    try:
        call = call_of(request, credential.service)
        needs = _needs(cloud, call, Place(credential.region or cloud.region, cloud.account))
    except (UnreadableCall, UnknownOperation) as error:
        raise AccessDenied(f"User: {principal.arn} is not authorized: {error}") from error
    if (call.service, call.operation) == ("sts", "GetCallerIdentity"):
        return  # allowed even under an explicit Deny
    context = _context(call, principal, credential)
    for need in needs:
        require(cloud, principal, need, {**context, **need.context})


def principal_of(cloud: Cloud, credential: Credential) -> Principal:
    """Who holds the key. Raises UnknownPrincipal."""
    invalid = "The security token included in the request is invalid."
    backend = iam_backends[cloud.account][PARTITION]
    session = sts_backends[cloud.account][PARTITION].get_assumed_role_from_access_key(
        credential.access_key
    )
    if session is not None:
        if credential.token != session.session_token:
            raise UnknownPrincipal(invalid)
        return _role_session(cloud, backend, session)
    for user in backend.users.values():
        if any(key.access_key_id == credential.access_key for key in user.access_keys):
            documents = _documents(user.policies.values(), user.managed_policies.values())
            return Principal(user.arn, None, documents, cloud.account)
    raise UnknownPrincipal(invalid)


def _role_session(cloud: Cloud, backend: IAMBackend, session: AssumedRole) -> Principal:
    if session.expiration.replace(tzinfo=UTC) < datetime.now(UTC):
        raise UnknownPrincipal("The security token included in the request is expired")
    role = next((r for r in backend.roles.values() if r.arn == session.role_arn), None)
    if role is None:
        raise UnknownPrincipal(f"The role {session.role_arn} does not exist (any more).")
    documents = _documents(role.policies.values(), role.managed_policies.values())
    return Principal(session.arn, role.arn, documents, cloud.account)


def _documents(inline: Iterable[Any], managed: Iterable[Any]) -> tuple[Document, ...]:
    texts = [*inline, *(_default_document(policy) for policy in managed)]
    return tuple(json.loads(text) for text in texts)


def _default_document(policy: ManagedPolicy) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)


def _needs(cloud: Cloud, call: Call, place: Place) -> list[Need]:
    if call.service == "s3":
        permissions = object_permissions(
            call.operation, call.parameters, lambda bucket, key: _has_object(cloud, bucket, key)
        )
        if permissions is None:
            raise UnknownOperation(f"s3 operation {call.operation} is not in the laptop's table")
        return [Need(*permission) for permission in permissions]
    if call.service == "states" and call.operation.startswith("SendTask"):
        return [Need(f"states:{call.operation}", "*")]
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
        identity = decide(principal.documents, request)
        resource_policies = resource_documents(cloud, request.resource)
        if not resource_policies or identity is Decision.DENIED:
            return identity
        return _with_resource_policy(identity, resource_policies, principal, request)
    except UnknownCondition as error:
        raise AccessDenied(f"User: {principal.arn} is not authorized: {error}") from error


def _with_resource_policy(
    identity: Decision, policies: list[Document], principal: Principal, request: Request
) -> Decision:
    """An account's own root in a policy delegates to identity policies: it grants nothing."""

    def judged(whole_account: bool) -> Decision:
        names = principal.names(whole_account=whole_account)
        asked = Request(request.action, request.resource, request.context, names)
        return decide(policies, asked)

    if judged(True) is Decision.DENIED:
        return Decision.DENIED
    return Decision.ALLOWED if Decision.ALLOWED in (identity, judged(False)) else Decision.SILENT


def resource_documents(cloud: Cloud, arn: str) -> list[Document]:
    """The policy that hangs on the resource itself, if there is one."""
    parts = arn.split(":", 5)
    reader = _RESOURCE_POLICIES.get(parts[2]) if len(parts) == 6 else None
    return reader(cloud, parts[5]) if reader else []


def _bucket_policy(cloud: Cloud, resource: str) -> list[Document]:
    bucket = s3_backends[cloud.account][PARTITION].buckets.get(resource.split("/")[0])
    return [json.loads(bucket.policy)] if bucket is not None and bucket.policy else []


def _topic_policy(cloud: Cloud, resource: str) -> list[Document]:
    topics = sns_backends[cloud.account][cloud.region].topics
    topic = topics.get(cloud.arn("sns", resource))
    return [topic._policy_json] if topic is not None else []


def _queue_policy(cloud: Cloud, resource: str) -> list[Document]:
    queue = sqs_backends[cloud.account][cloud.region].queues.get(resource)
    policy = queue.policy if queue is not None else None
    return [json.loads(policy) if isinstance(policy, str) else policy] if policy else []


def _function_policy(cloud: Cloud, resource: str) -> list[Document]:
    name = resource.removeprefix("function:").split(":")[0]
    function = get_lambda_backend(cloud.account, cloud.region).get_function(name)
    return [{"Statement": function.policy.statements}] if function.policy.statements else []


_RESOURCE_POLICIES: Mapping[str, Callable[[Cloud, str], list[Document]]] = {
    "s3": _bucket_policy,
    "sns": _topic_policy,
    "sqs": _queue_policy,
    "lambda": _function_policy,
}


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
    backend = iam_backends[cloud.account][PARTITION]
    role = next((role for role in backend.roles.values() if role.arn == role_arn), None)
    if role is None:
        raise AccessDenied(f"The role {role_arn} does not exist.")
    context: dict[str, Value] = {"aws:SourceAccount": cloud.account}
    request = Request("sts:AssumeRole", role_arn, context, {"Service": [service]})
    document = role.assume_role_policy_document
    trust = json.loads(document) if isinstance(document, str) else document
    if decide([trust], request) is not Decision.ALLOWED:
        raise AccessDenied(f"The role {role_arn} cannot be assumed by {service}.")


def _http_request(environ: dict[str, Any]) -> HttpRequest:
    """Read the request, leaving its body to be read again."""
    query = environ.get("QUERY_STRING", "")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    raw_path = environ.get("RAW_URI") or environ["PATH_INFO"]
    return HttpRequest(
        environ["REQUEST_METHOD"], raw_path.partition("?")[0], _pairs(query), headers, body
    )


def _pairs(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def _refusal(
    request: HttpRequest, start_response: Callable[..., Any], kind: str, message: str
) -> list[bytes]:
    """The error as the protocol of the call has it; JSON services suffix the code."""
    json_protocol = not _speaks_xml(request)
    code = f"{kind}Exception" if json_protocol else _XML_CODES[kind]
    if json_protocol:
        status = "403 Forbidden" if "x-amz-target" not in request.headers else "400 Bad Request"
        body = json.dumps({"__type": code, "message": message, "Message": message})
        content_type = "application/json"
    else:
        status, content_type = "403 Forbidden", "text/xml"
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        s3 = not request.headers.get("content-type", "").startswith(_FORM)
        body = error if s3 else f"<ErrorResponse>{error}</ErrorResponse>"
    data = b"" if request.method == "HEAD" else body.encode()
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(data))),
        ("x-amzn-ErrorType", code),
    ]
    start_response(status, headers)
    return [data]


_FORM = "application/x-www-form-urlencoded"
_XML_CODES = {"AccessDenied": "AccessDenied", "UnrecognizedClient": "InvalidClientTokenId"}


def _speaks_xml(request: HttpRequest) -> bool:
    credential = credential_of(request)
    service = credential.service if credential else "s3"
    form = request.headers.get("content-type", "").startswith(_FORM)
    return service == "s3" or (form and "x-amz-target" not in request.headers)
