"""Why no service answers a call, and the error in the form of the called service's protocol.

The codes are those of "Common errors" in each service's API reference and of the S3 API
reference, "Error responses". JSON services suffix theirs with ``Exception``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from localcloud.iam import error_forms
from localcloud.iam.calls import HttpRequest, credential_of
from localcloud.iam.error_forms import Error, protocol_of, status_line


@dataclass(frozen=True)
class Codes:
    """One error as three kinds of services call it."""

    s3: str
    query: str
    json: str
    s3_status: int = 403


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
        s3_status=400,
    )


class UnknownMechanism(Refusal):
    """Signed by another algorithm; S3 takes version 2 for no bucket made after June 2020."""

    codes = Codes(
        "InvalidRequest",
        "IncompleteSignature",
        "IncompleteSignatureException",
        s3_status=400,
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

    codes = Codes("ExpiredToken", "ExpiredToken", "ExpiredTokenException", s3_status=400)


class ContentMismatch(Refusal):
    """The body is not the signed one."""

    codes = Codes(
        "XAmzContentSHA256Mismatch",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        s3_status=400,
    )


def answer(
    request: HttpRequest, refusal: Refusal, start_response: Callable[..., Any]
) -> Iterable[bytes]:
    """The WSGI response to a refused call."""
    protocol = _protocol(request)
    found = error_forms.answer(request, protocol, _error(refusal, protocol))
    start_response(status_line(found.status), found.headers)
    return [found.body]


def _protocol(request: HttpRequest) -> str:
    """S3's where nothing else tells: it alone has calls that nobody signs and no target names."""
    credential = credential_of(request)
    if credential is not None:
        return protocol_of(request, credential.service)
    protocol = protocol_of(request, "")
    return "s3" if protocol == "rest-json" else protocol


def _error(refusal: Refusal, protocol: str) -> Error:
    codes, message = refusal.codes, str(refusal)
    match protocol:
        case "s3":
            return Error(codes.s3_status, codes.s3, message)
        case "json" | "cbor":
            return Error(400, codes.json, message)
        case "rest-json":
            return Error(403, codes.json, message)
        case _:
            return Error(403, codes.query, message)
