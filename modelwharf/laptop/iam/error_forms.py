"""An error in the form of each AWS protocol, readable by its clients.

Sources: the protocol pages of the Smithy specification ("Operation error serialization"), the
S3 API reference ("REST error responses") and the EC2 API reference ("Query API error responses").
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from xml.sax.saxutils import escape

from modelwharf.laptop.iam.calls import HttpRequest

FORM = "application/x-www-form-urlencoded"
REST_XML = frozenset({"cloudfront", "route53"})
"""Signing names of other REST services with XML. Their errors stand in an ErrorResponse element;
those of S3 do not.
"""
S3 = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})
"""Signing names of the S3 API."""


@dataclass(frozen=True)
class Error:
    """``status`` is the HTTP status. ``code`` is boto3's ``Error.Code``."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def protocol_of(request: HttpRequest, signing_name: str) -> str:
    """The protocol of the request, from the request alone."""
    headers = request.headers
    if signing_name in S3:
        return "s3control" if request.path.startswith("/v20180820/") else "s3"
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "cbor"
    if "x-amz-target" in headers:
        return "json"
    if headers.get("content-type", "").startswith(FORM) or "Action" in request.query:
        return "ec2" if signing_name == "ec2" else "query"
    return "rest-xml" if signing_name in REST_XML else "rest-json"


def answer(request: HttpRequest, protocol: str, error: Error) -> Answer:
    """The HTTP response with the error. A response to HEAD has no body."""
    content_type, body = _FORMS[protocol](error)
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", "0" if request.method == "HEAD" else str(len(body))),
        ("x-amzn-ErrorType", error.code),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if protocol == "cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    if protocol == "json" and "." in error.code:  # a code from before the service used JSON
        headers.append(("x-amzn-query-error", f"{error.code};Sender"))
    return Answer(error.status, headers, b"" if request.method == "HEAD" else body)


def status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _json(error: Error) -> tuple[str, bytes]:
    document = {"__type": error.code, "message": error.message, "Message": error.message}
    return "application/x-amz-json-1.1", json.dumps(document).encode()


def _rest_json(error: Error) -> tuple[str, bytes]:
    return "application/json", _json(error)[1]


def _cbor(error: Error) -> tuple[str, bytes]:
    """Encode a map of two pairs of texts (RFC 8949: major types 5 and 3, lengths of two bytes)."""
    texts = ("__type", error.code, "message", error.message)
    encoded = [text.encode() for text in texts]
    items = (b"\x79" + len(text).to_bytes(2, "big") + text for text in encoded)
    return "application/cbor", bytes([0xA0 | len(texts) // 2]) + b"".join(items)


def _query(error: Error) -> tuple[str, bytes]:
    text = f"<ErrorResponse><Error><Type>Sender</Type>{_code(error)}</Error></ErrorResponse>"
    return "text/xml", text.encode()


def _s3(error: Error) -> tuple[str, bytes]:
    return "application/xml", f"<Error>{_code(error)}</Error>".encode()


def _ec2(error: Error) -> tuple[str, bytes]:
    text = f"<Response><Errors><Error>{_code(error)}</Error></Errors></Response>"
    return "text/xml", text.encode()


def _code(error: Error) -> str:
    return f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"


_FORMS: dict[str, Callable[[Error], tuple[str, bytes]]] = {
    "json": _json,
    "rest-json": _rest_json,
    "cbor": _cbor,
    "query": _query,
    "rest-xml": _query,
    "s3": _s3,
    "s3control": _query,
    "ec2": _ec2,
}
