"""Why no service answers a call, and the error in the form of the called service's protocol.

The codes are those of "Common errors" in each service's API reference and of the S3 API
reference, "Error responses". JSON services suffix theirs with ``Exception``.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from xml.sax.saxutils import escape

from localcloud.iam.calls import HttpRequest, credential_of

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Codes:
    """One error as three kinds of services call it."""

    s3: str
    query: str
    json: str
    s3_status: str = "403 Forbidden"


class Refusal(Exception):
    """A call that reaches no service. The text is AWS's own wording."""

    codes: ClassVar[Codes]


class AccessDenied(Refusal):
    """The policies do not allow it."""

    codes = Codes("AccessDenied", "AccessDenied", "AccessDeniedException")


class UnknownPrincipal(Refusal):
    """No user, role session or root key has signed this."""

    codes = Codes("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException")


class Unsigned(Refusal):
    """The request carries no signature."""

    codes = Codes(
        "AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException"
    )


class BadAuthorization(Refusal):
    """What says who signs is incomplete, contradicts itself, or is of another mechanism."""

    codes = Codes(
        "AuthorizationHeaderMalformed",
        "IncompleteSignature",
        "IncompleteSignatureException",
        s3_status="400 Bad Request",
    )


class UnknownMechanism(Refusal):
    """Signed by another algorithm; S3 takes version 2 for no bucket made after June 2020."""

    codes = Codes(
        "InvalidRequest",
        "IncompleteSignature",
        "IncompleteSignatureException",
        s3_status="400 Bad Request",
    )


class SignatureMismatch(Refusal):
    """The holder of the key has not signed this."""

    codes = Codes("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException")


class WrongTime(Refusal):
    """Signed too long ago, or in the future."""

    codes = Codes("RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException")


class UrlExpired(Refusal):
    """A presigned URL is over."""

    codes = Codes("AccessDenied", "SignatureDoesNotMatch", "InvalidSignatureException")


class TokenExpired(Refusal):
    """The session is over."""

    codes = Codes(
        "ExpiredToken", "ExpiredToken", "ExpiredTokenException", s3_status="400 Bad Request"
    )


class ContentMismatch(Refusal):
    """The body is not the signed one."""

    codes = Codes(
        "XAmzContentSHA256Mismatch",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        s3_status="400 Bad Request",
    )


def answer(
    request: HttpRequest, refusal: Refusal, start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """The WSGI response to a refused call."""
    kind = _kind(request)
    code: str = getattr(refusal.codes, kind)
    status, content_type, body = _FORMS[kind](request, code, str(refusal))
    if kind == "s3":
        status = refusal.codes.s3_status
    data = b"" if request.method == "HEAD" else body
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(data))),
        ("X-Content-Type-Options", "nosniff"),
        ("x-amzn-ErrorType", code),
    ]
    if "smithy-protocol" in request.headers:
        headers.append(("smithy-protocol", request.headers["smithy-protocol"]))
    start_response(status, headers)
    return [data]


def _kind(request: HttpRequest) -> str:
    if "x-amz-target" in request.headers or "smithy-protocol" in request.headers:
        return "json"
    if request.headers.get("content-type", "").startswith(_FORM):
        return "query"
    credential = credential_of(request)
    return "s3" if credential is None or credential.service == "s3" else "json"


def _as_json(request: HttpRequest, code: str, message: str) -> tuple[str, str, bytes]:
    document = {"__type": code, "message": message, "Message": message}
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "400 Bad Request", "application/cbor", _cbor(document)
    status = "400 Bad Request" if "x-amz-target" in request.headers else "403 Forbidden"
    return status, "application/json", json.dumps(document).encode()


def _cbor(document: dict[str, str]) -> bytes:
    """A map of a few texts (RFC 8949, section 3: major types 5 and 3, lengths of two bytes)."""
    texts = [text.encode() for pair in document.items() for text in pair]
    items = (b"\x79" + len(text).to_bytes(2) + text for text in texts)
    return bytes([0xA0 | len(document)]) + b"".join(items)


def _as_query(request: HttpRequest, code: str, message: str) -> tuple[str, str, bytes]:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code>{_message(message)}</Error>"
    return "403 Forbidden", "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode()


def _as_s3(request: HttpRequest, code: str, message: str) -> tuple[str, str, bytes]:
    body = f"<Error><Code>{code}</Code>{_message(message)}</Error>"
    return "403 Forbidden", "application/xml", body.encode()


def _message(message: str) -> str:
    return f"<Message>{escape(message)}</Message>"


_FORMS = {"json": _as_json, "query": _as_query, "s3": _as_s3}
