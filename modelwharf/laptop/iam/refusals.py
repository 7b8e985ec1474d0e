"""The reasons to refuse a call, and the error in the form of the called service's protocol.

The codes are those of "Common errors" in each service's API reference and of the S3 API
reference, "Error responses". The codes of JSON services end in ``Exception``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from modelwharf.laptop.iam import error_forms
from modelwharf.laptop.iam.calls import HttpRequest, credential_of
from modelwharf.laptop.iam.error_forms import Error, protocol_of, status_line


@dataclass(frozen=True)
class Codes:
    """The names of one error in three kinds of services."""

    s3: str
    query: str
    json: str
    s3_status: int = 403


class Refusal(Exception):
    """The call is refused before any service gets it. The text is AWS's own wording."""

    codes: ClassVar[Codes]


class AccessDenied(Refusal):
    """The policies do not allow the call."""

    codes = Codes("AccessDenied", "AccessDenied", "AccessDeniedException")


class UnknownPrincipal(Refusal):
    """No user, role session or root key matches the signer."""

    codes = Codes("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException")


class Unsigned(Refusal):
    """The request carries no signature."""

    codes = Codes(
        "AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException"
    )


class BadAuthorization(Refusal):
    """The authorization is incomplete, inconsistent, or of another mechanism."""

    codes = Codes(
        "AuthorizationHeaderMalformed",
        "IncompleteSignature",
        "IncompleteSignatureException",
        s3_status=400,
    )


class UnknownMechanism(Refusal):
    """Another algorithm signed. S3 refuses version 2 for buckets created after June 2020."""

    codes = Codes(
        "InvalidRequest",
        "IncompleteSignature",
        "IncompleteSignatureException",
        s3_status=400,
    )


class SignatureMismatch(Refusal):
    """The signature is not that of the key's owner."""

    codes = Codes("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException")


class WrongTime(Refusal):
    """The request was signed too long ago, or its time is in the future."""

    codes = Codes("RequestTimeTooSkewed", "SignatureDoesNotMatch", "InvalidSignatureException")


class UrlExpired(Refusal):
    """The presigned URL has expired."""

    codes = Codes("AccessDenied", "SignatureDoesNotMatch", "InvalidSignatureException")


class TokenExpired(Refusal):
    """The session has expired."""

    codes = Codes("ExpiredToken", "ExpiredToken", "ExpiredTokenException", s3_status=400)


class ContentMismatch(Refusal):
    """The body differs from the signed body."""

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
    """The request's protocol; S3's if unclear: only S3 has unsigned calls without a target."""
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
