"""The WSGI middleware before and behind the gate.

``Offer`` refuses the calls that this cloud does not offer, before the gate authenticates them.
Stock moto answers such calls with a made-up success, with 500 and HTML, or with another operation.

``Answers`` refuses parameters that violate AWS's model of the call, answers with the empty lists,
and puts moto's own failures into the form of the service. Stock moto's failures are pages of HTML,
which no client can read.
"""

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.responses import BaseResponse
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.iam.calls import HttpRequest, credential_of
from modelwharf.laptop.iam.error_forms import Answer, Error, answer, protocol_of, status_line
from modelwharf.laptop.iam.gate import read_request
from modelwharf.laptop.offer import constraints
from modelwharf.laptop.offer.calls import NotOffered, Offered, action, offered
from modelwharf.laptop.overrides import replace, stock

log = logging.getLogger(__name__)

Application = Callable[..., Iterable[bytes]]

OWN_PAGES = ("/moto-api", "/_wharf/", "/latest/", "/favicon.ico")
"""The server's paths outside AWS's APIs."""
UNSIGNED = {"AssumeRoleWithSAML": "sts", "AssumeRoleWithWebIdentity": "sts"}
_KEY = "modelwharf.offered"
_FAILURES = {"s3": "InternalError", "s3control": "InternalError", "ec2": "InternalError"}
"""The codes of moto's failures. Other protocols have InternalFailure ("Common errors")."""


def install(cloud: Cloud) -> None:
    """Make moto call the operation that was judged.

    Stock moto takes the operation from an ``Action=`` anywhere in the query or the body, even in
    the text of a JSON document, before it reads X-Amz-Target or the path.
    """
    stock_action = stock(BaseResponse, "_get_action")

    def get_action(self: BaseResponse) -> str:
        found: Offered | None = self.normalized_request.environ.get(_KEY)
        if found is None:
            asked: str = stock_action(self)
            return asked
        if found.protocol.startswith("rest"):  # this also reads the parameters in the path
            self._get_action_from_method_and_request_uri(self.normalized_request)
        return found.operation

    replace(BaseResponse, "_get_action", get_action)


class Offer:
    """WSGI middleware that refuses every call that is not in the table."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(OWN_PAGES):
            request = read_request(environ)
            signing_name = _signing_name(request)
            if signing_name:  # otherwise the gate names what is missing
                try:
                    environ[_KEY] = offered(request, signing_name)
                except NotOffered as refusal:
                    log.warning("not offered: %s", refusal)
                    found = answer(request, refusal.protocol, refusal.error)
                    return _send(found, start_response)
        return self._application(environ, start_response)


def _signing_name(request: HttpRequest) -> str | None:
    """The service of the signature, or of a call that clients do not sign."""
    credential = credential_of(request)
    if credential is not None:
        return credential.service
    return UNSIGNED.get(action(request)) if protocol_of(request, "") == "query" else None


class Answers:
    """WSGI middleware around moto: checks parameters, answers empty lists, formats failures."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        found: Offered | None = environ.get(_KEY)
        if found is None:
            return self._application(environ, start_response)
        refusal = refused(read_request(environ), found)
        if refusal is not None:
            return _send(refusal, start_response)
        if found.service.kind(found.operation) == "empty":
            return _send(empty_list(found), start_response)
        return self._of_moto(environ, start_response, found)

    def _of_moto(
        self, environ: dict[str, Any], start_response: Callable[..., Any], found: Offered
    ) -> Iterable[bytes]:
        started: list[Any] = []
        request = read_request(environ)

        def start(*arguments: Any) -> None:
            started[:] = arguments

        try:
            body = self._application(environ, start)
        except Exception as error:
            log.exception("%s:%s", found.service.name, found.operation)
            return _send(_failure(request, found, repr(error)), start_response)
        status = int(started[0].split()[0])
        if status >= 400 and found.protocol != "s3":
            text = b"".join(body)
            if text.lstrip()[:9].lower() in (b"<!doctype", b"<html>") or not text:
                failure = _failure(request, found, f"it answered {started[0]} and no error")
                return _send(failure, start_response)
            body = [text]
        start_response(*started)
        return body


def refused(request: HttpRequest, found: Offered) -> Answer | None:
    """AWS's error for parameters that violate the model of the call; None when they are valid."""
    code = constraints.CODES.get(found.service.name)
    if code is None or found.protocol != "json":
        return None
    parameters = json.loads(request.body or b"{}")
    broken = constraints.broken(found.service.name, found.operation, parameters)
    if not broken:
        return None
    log.warning("%s:%s: %s", found.service.name, found.operation, broken)
    return answer(request, found.protocol, Error(400, code, broken))


def empty_list(found: Offered) -> Answer:
    """The operation's own output with empty lists."""
    operation = get_service_model(found.service.name).operation_model(found.operation)
    members: Any = getattr(operation.output_shape, "members", {})
    result: dict[str, list[Any]] = {
        name: [] for name, member in members.items() if member.type_name == "list"
    }
    serializer = get_serializer_class(found.service.name, found.protocol)
    made = serializer(operation_model=operation).serialize(result)
    body = made["body"]
    data = body.encode() if isinstance(body, str) else body
    headers = [*made["headers"].items(), ("Content-Length", str(len(data)))]
    return Answer(made["status_code"], headers, data)


def _failure(request: HttpRequest, found: Offered, what: str) -> Answer:
    code = _FAILURES.get(found.protocol, "InternalFailure")
    message = (
        f"moto, on which the laptop's cloud is built, failed in {found.service.name}:"
        f"{found.operation}: {what}. The cloud's log has more."
    )
    return answer(request, found.protocol, Error(500, code, message))


def _send(found: Answer, start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response(status_line(found.status), found.headers)
    return [found.body]
