"""Read an AWS API call from an HTTP request: the caller's key, the service and the operation.

moto determines the operation deep inside each service, too late for a judgement and in many
different ways. botocore's models describe each call's HTTP form for every protocol.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import unescape

import botocore.session
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import RpcV2CBORParser

from modelwharf.laptop.services import SERVICES


class UnreadableCall(Exception):
    """A signed request that matches no operation of the service."""


@dataclass(frozen=True)
class Credential:
    """The scope of a signature: the key, service and region."""

    access_key: str
    region: str
    service: str
    """The signing name, such as ``states`` or ``monitoring``."""
    token: str | None


@dataclass(frozen=True)
class HttpRequest:
    """The parts of an HTTP request that identify its call. Header names are in lower case."""

    method: str
    path: str
    """Percent-encoded, as received."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    raw_query: str = ""
    """Percent-encoded, as received."""


@dataclass(frozen=True)
class Call:
    """``parameters`` have botocore's names. Query protocols' are flat (``Tags.member.1``)."""

    service: str
    """The prefix of the service's IAM actions, such as ``states`` or ``cloudwatch``."""
    operation: str
    parameters: Mapping[str, Any]


# By signing name; of two services with one signing name, the first in the table.
_BOTOCORE_NAMES = {service.signs: service.name for service in reversed([*SERVICES.values()])}
_ACTION_PREFIXES = {service.signs: service.actions for service in SERVICES.values()}
_OBJECT_PART = re.compile(r"<(Key|VersionId)>(.*?)</\1>", re.DOTALL)
_SIGNATURE = re.compile(r"Credential=([^/,]+)/\d{8}/([^/,]*)/([^/,]+)/aws4_request")


def credential_of(request: HttpRequest) -> Credential | None:
    """The signer's credential; None for an unsigned request."""
    signed = request.headers.get("authorization", "")
    token = request.headers.get("x-amz-security-token")
    if "X-Amz-Credential" in request.query:  # a presigned URL
        signed = f"Credential={request.query['X-Amz-Credential']}"
        token = request.query.get("X-Amz-Security-Token")
    match = _SIGNATURE.search(signed)
    if match is None:
        return None
    return Credential(match[1], match[2], match[3].lower(), token)


def call_of(request: HttpRequest, signing_name: str) -> Call:
    """The call that the request makes. Raises UnreadableCall."""
    prefix = _ACTION_PREFIXES.get(signing_name, signing_name)
    headers = request.headers
    if "x-amz-target" in headers:
        operation = headers["x-amz-target"].rpartition(".")[2]
        return Call(prefix, operation, json.loads(request.body or b"{}"))
    if "smithy-protocol" in headers:
        return Call(prefix, request.path.rpartition("/")[2], _cbor(request.body))
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        parameters = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        if "Action" in parameters:
            return Call(prefix, parameters["Action"], parameters)
    operation, parameters = _rest_call(_service_model(signing_name, request.path), request)
    return Call(prefix, operation, parameters)


def _service_model(signing_name: str, path: str) -> ServiceModel:
    name = _BOTOCORE_NAMES.get(signing_name, signing_name)
    if signing_name == "sagemaker" and path.startswith("/endpoints/"):
        name = "sagemaker-runtime"
    return _load_model(name)


@functools.cache
def _load_model(name: str) -> ServiceModel:
    try:
        return botocore.session.get_session().get_service_model(name)
    except Exception as error:
        raise UnreadableCall(f"no service is called {name!r}") from error


def _cbor(body: bytes) -> Mapping[str, Any]:
    if not body:
        return {}
    parser: Any = RpcV2CBORParser()
    with parser.get_peekable_stream_from_bytes(body) as stream:
        parameters: Mapping[str, Any] = parser.parse_data_item(stream)
    return parameters


@dataclass(frozen=True)
class _Route:
    """The HTTP form of one operation of a REST service."""

    operation: OperationModel
    method: str
    path: re.Pattern[str]
    query: Mapping[str, str]
    """Parts of the URI that must be present. An empty value matches any value."""
    headers: frozenset[str]

    def fits(self, request: HttpRequest) -> re.Match[str] | None:
        if self.method != request.method or not self.headers <= request.headers.keys():
            return None
        for key, value in self.query.items():
            if key not in request.query or (value and request.query[key] != value):
                return None
        return self.path.fullmatch(request.path)

    @property
    def weight(self) -> tuple[int, int]:
        """How specific the route is: among matching routes, the one that demands most wins."""
        return len(self.query) + len(self.headers), len(self.path.pattern)


@functools.cache
def _routes(service: str) -> list[_Route]:
    model = _load_model(service)
    routes = [_route(model.operation_model(name)) for name in model.operation_names]
    # A deprecated operation shares the path of its replacement, but not the shape of its response.
    return sorted(
        routes, key=lambda route: (route.weight, not route.operation.deprecated), reverse=True
    )


def _route(operation: OperationModel) -> _Route:
    path, _, query = operation.http["requestUri"].partition("?")
    demanded = dict(parse_qsl(query, keep_blank_values=True))
    demanded.pop("x-id", None)  # a hint in access logs, which SDKs may omit
    headers = set()
    shape: Any = operation.input_shape
    for name in shape.required_members if shape is not None else ():
        serialization = shape.members[name].serialization
        if serialization.get("location") == "querystring":
            demanded.setdefault(serialization["name"], "")
        if serialization.get("location") == "header":
            headers.add(serialization["name"].lower())
    return _Route(
        operation, operation.http["method"], _path_pattern(path), demanded, frozenset(headers)
    )


def _path_pattern(template: str) -> re.Pattern[str]:
    pattern = ""
    for part in re.split(r"(\{\w+\+?\})", template.rstrip("/")):
        if part.startswith("{"):
            name = part.strip("{}+")
            pattern += f"(?P<{name}>.+)" if part.endswith("+}") else f"(?P<{name}>[^/]+)"
        else:
            pattern += re.escape(part)
    return re.compile(pattern + "/?")


def rest_operation(service: str, request: HttpRequest) -> str:
    """The operation of a REST service, both with botocore's names. Raises UnreadableCall."""
    return _matching_route(service, request)[0].operation.name


def _rest_call(model: ServiceModel, request: HttpRequest) -> tuple[str, dict[str, Any]]:
    route, match = _matching_route(model.service_name, request)
    return route.operation.name, _rest_parameters(route.operation, match, request)


def _matching_route(service: str, request: HttpRequest) -> tuple[_Route, re.Match[str]]:
    for route in _routes(service):
        match = route.fits(request)
        if match:
            return route, match
    raise UnreadableCall(f"{request.method} {request.path} is not an operation of {service}")


def _rest_parameters(
    operation: OperationModel, match: re.Match[str], request: HttpRequest
) -> dict[str, Any]:
    shape = operation.input_shape
    members = shape.members if shape is not None else {}
    parameters: dict[str, Any] = {}
    if "application/json" in request.headers.get("content-type", "") and not (
        shape is not None and "payload" in shape.serialization
    ):
        parameters.update(json.loads(request.body or b"{}"))
    for name, member in members.items():
        where = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if where == "uri" and wire_name in match.groupdict():
            parameters[name] = unquote(match[wire_name])
        elif where == "querystring" and wire_name in request.query:
            parameters[name] = request.query[wire_name]
        elif where == "header" and wire_name.lower() in request.headers:
            parameters[name] = request.headers[wire_name.lower()]
    if operation.name == "DeleteObjects":
        text = request.body.decode(errors="replace")
        parameters["Objects"] = [
            {name: unescape(value) for name, value in _OBJECT_PART.findall(one)}
            for one in re.findall(r"<Object>(.*?)</Object>", text, re.DOTALL)
        ]
    return parameters
