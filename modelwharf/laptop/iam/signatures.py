"""Verify Signature Version 4: compute the signature again from the signer's secret.

The references are "Signature Version 4 for API requests" (IAM user guide) and "Authenticating
requests" (S3 API reference). botocore's own signer computes the signature.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from botocore.utils import normalize_url_path

from modelwharf.laptop.iam.calls import Credential, HttpRequest, credential_of
from modelwharf.laptop.iam.refusals import (
    BadAuthorization,
    ContentMismatch,
    SignatureMismatch,
    UnknownMechanism,
    Unsigned,
    UrlExpired,
    WrongTime,
)

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_AND_TRAILER = f"{SIGNED_CHUNKS}-TRAILER"
SKEW = timedelta(minutes=5)
S3_SKEW = timedelta(minutes=15)
LONGEST_LIFE = 604_800  # seconds that a presigned URL may be valid: a week
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method."
)
_ONLY_V4 = (
    "The authorization mechanism you have provided is not supported. "
    f"Please use {ALGORITHM} (boto3: signature_version='s3v4')."
)
_EMPTY_HASH = hashlib.sha256(b"").hexdigest()
_HASH = re.compile(r"[0-9a-f]{64}")
_HEADER_PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^\s,]+)")
_CHUNK = re.compile(rb"([0-9a-fA-F]+);chunk-signature=([0-9a-f]{64})\r\n")


@dataclass(frozen=True)
class Signature:
    """A request's signature as received, not yet verified."""

    credential: Credential
    date: str
    """The date of the credential's scope, ``YYYYMMDD``."""
    time: datetime
    headers: tuple[str, ...]
    """The names of the signed headers, in lower case."""
    value: str
    life: timedelta | None
    """The lifetime of a presigned URL."""

    @property
    def on_s3(self) -> bool:
        return self.credential.service == "s3"


def signature_of(request: HttpRequest) -> Signature:
    """Read the signature. Raises Unsigned, UnknownMechanism, BadAuthorization."""
    in_header = "authorization" in request.headers
    in_query = "X-Amz-Signature" in request.query or "X-Amz-Credential" in request.query
    if in_header and in_query:
        raise BadAuthorization("Only one auth mechanism allowed")
    if not in_header and not in_query:
        if "AWSAccessKeyId" in request.query:
            raise UnknownMechanism(_ONLY_V4)
        raise Unsigned("Missing Authentication Token")
    algorithm, parts = _from_query(request) if in_query else _from_header(request)
    if algorithm != ALGORITHM:
        raise UnknownMechanism(_ONLY_V4)
    credential = credential_of(request)
    scope = parts.get("Credential", "").split("/")
    if credential is None or len(scope) != 5 or not {"SignedHeaders", "Signature"} <= parts.keys():
        raise BadAuthorization(
            "Authorization needs Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders "
            "and Signature."
        )
    life = _life(request.query["X-Amz-Expires"]) if "X-Amz-Expires" in request.query else None
    return Signature(
        credential,
        date=scope[1],
        time=_time(request),
        headers=tuple(parts["SignedHeaders"].lower().split(";")),
        value=parts["Signature"],
        life=life if in_query else None,
    )


def _from_header(request: HttpRequest) -> tuple[str, dict[str, str]]:
    algorithm, _, rest = request.headers["authorization"].partition(" ")
    return algorithm, dict(_HEADER_PART.findall(rest))


def _from_query(request: HttpRequest) -> tuple[str, dict[str, str]]:
    names = ("Credential", "SignedHeaders", "Signature")
    found = {name: request.query.get(f"X-Amz-{name}", "") for name in names}
    return request.query.get("X-Amz-Algorithm", ""), {k: v for k, v in found.items() if v}


def _time(request: HttpRequest) -> datetime:
    stamp = request.query.get("X-Amz-Date") or request.headers.get("x-amz-date")
    try:
        if stamp:
            return datetime.strptime(stamp, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
        return parsedate_to_datetime(request.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        raise BadAuthorization(
            f"X-Amz-Date must be there as YYYYMMDDTHHMMSSZ; it is {stamp!r}."
        ) from None


def _life(seconds: str) -> timedelta:
    if not seconds.isdecimal() or not 0 < int(seconds) <= LONGEST_LIFE:
        raise BadAuthorization(
            f"X-Amz-Expires must be from 1 to {LONGEST_LIFE} seconds; it is {seconds!r}."
        )
    return timedelta(seconds=int(seconds))


def verify(request: HttpRequest, signature: Signature, secret: str, now: datetime) -> None:
    """Raise a Refusal unless the owner of ``secret`` signed this request recently."""
    _require_time(signature, now)
    _require_signed_headers(request, signature)
    signer = _Signer(request, signature, secret)
    if not _equal(signer.seed, signature.value):
        raise SignatureMismatch(MISMATCH)
    _require_payload(request, signature, signer)


def _require_time(signature: Signature, now: datetime) -> None:
    if signature.date != signature.time.strftime("%Y%m%d"):
        raise BadAuthorization(
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
            f"from HTTP: {signature.date!r} != {signature.time:%Y%m%d}"
        )
    skew = S3_SKEW if signature.on_s3 else SKEW
    then = signature.time.strftime(SIGV4_TIMESTAMP)
    if signature.time > now + skew:
        raise WrongTime(_times("Signature not yet current", then, "later", now + skew, signature))
    if signature.life is not None:
        if now > signature.time + signature.life:
            over = f"Signature expired: {then} + {signature.life.total_seconds():.0f} s is over"
            raise UrlExpired("Request has expired" if signature.on_s3 else over)
    elif signature.time < now - skew:
        raise WrongTime(_times("Signature expired", then, "earlier", now - skew, signature))


def _times(what: str, then: str, how: str, bound: datetime, signature: Signature) -> str:
    if signature.on_s3:
        return "The difference between the request time and the current time is too large."
    return f"{what}: {then} is now {how} than {bound:{SIGV4_TIMESTAMP}}"


def _require_signed_headers(request: HttpRequest, signature: Signature) -> None:
    """Check that the headers that define the request are signed: the host and AWS's own headers."""
    wanted = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
    missing = sorted(wanted - set(signature.headers))
    if missing:
        raise SignatureMismatch(
            f"There were headers present in the request which were not signed: {', '.join(missing)}"
        )


class _Signer(SigV4Auth):
    """botocore's signer, applied to the parts that the client declares as signed."""

    def __init__(self, request: HttpRequest, signature: Signature, secret: str) -> None:
        credential = signature.credential
        key = Credentials(credential.access_key, secret)
        super().__init__(key, _signing_name(request, credential), credential.region)
        self._request = request
        self._signature = signature
        self._aws_request = AWSRequest(request.method)
        self._aws_request.context["timestamp"] = signature.time.strftime(SIGV4_TIMESTAMP)
        canonical = self._canonical()
        self.seed: str = self.sign(self.string_to_sign(self._aws_request, canonical))

    def sign(self, text: str) -> str:
        signed: str = self.signature(text, self._aws_request)
        return signed

    def chunk_signature(self, kind: str, before: str, *hashes: str) -> str:
        """The signature of a chunk or the trailer. It includes the signature before it."""
        stamp = self._aws_request.context["timestamp"]
        scope = self.credential_scope(self._aws_request)
        return self.sign("\n".join([f"{ALGORITHM}-{kind}", stamp, scope, before, *hashes]))

    def _canonical(self) -> str:
        headers = HTTPHeaders()
        for name in self._signature.headers:
            headers[name] = self._request.headers.get(name, "")
        path = self._request.path
        if not self._signature.on_s3:
            path = quote(normalize_url_path(path), safe="/~")
        return "\n".join(
            [
                self._request.method,
                path,
                _canonical_query(self._request.raw_query),
                f"{self.canonical_headers(headers)}\n",
                ";".join(sorted(self._signature.headers)),
                _payload(self._request, self._signature),
            ]
        )


def _signing_name(request: HttpRequest, credential: Credential) -> str:
    """The service's name as received: its case is part of the signed text."""
    found = re.search(r"/([^/,\s]+)/aws4_request", request.headers.get("authorization", ""))
    return found[1] if found else credential.service


def _canonical_query(query: str) -> str:
    """The query's parts, encoded again and sorted, without the signature."""

    def encoded(text: str) -> str:
        return quote(unquote(text), safe="-_.~")

    pairs = (part.partition("=")[::2] for part in query.split("&") if part)
    kept = sorted((encoded(k), encoded(v)) for k, v in pairs if k != "X-Amz-Signature")
    return "&".join(f"{name}={value}" for name, value in kept)


def _payload(request: HttpRequest, signature: Signature) -> str:
    """The last line of the canonical request."""
    declared = request.headers.get("x-amz-content-sha256")
    if declared is not None:
        return declared
    if signature.on_s3:
        if signature.life is not None:
            return UNSIGNED_PAYLOAD
        raise BadAuthorization("Missing required header for this request: x-amz-content-sha256")
    return hashlib.sha256(request.body).hexdigest()


def _require_payload(request: HttpRequest, signature: Signature, signer: _Signer) -> None:
    """Raise a Refusal unless the body matches its hash in the canonical request."""
    declared = _payload(request, signature)
    if signature.on_s3 and declared in (UNSIGNED_PAYLOAD, UNSIGNED_CHUNKS):
        return
    if signature.on_s3 and declared in (SIGNED_CHUNKS, SIGNED_CHUNKS_AND_TRAILER):
        _require_chunks(request.body, signer, trailer=declared == SIGNED_CHUNKS_AND_TRAILER)
        return
    if not _HASH.fullmatch(declared):
        raise BadAuthorization(f"x-amz-content-sha256 cannot be {declared!r} here.")
    if not _equal(declared, hashlib.sha256(request.body).hexdigest()):
        raise ContentMismatch(
            "The provided 'x-amz-content-sha256' header does not match what was computed."
        )


def _require_chunks(body: bytes, signer: _Signer, *, trailer: bool) -> None:
    """Check all chunk signatures ("Transferring payload in multiple chunks", S3 API reference)."""
    chunks, rest = _chunks(body)
    before = signer.seed
    for data, given in chunks:
        digest = hashlib.sha256(data).hexdigest()
        before = signer.chunk_signature("PAYLOAD", before, _EMPTY_HASH, digest)
        if not _equal(before, given):
            raise SignatureMismatch(MISMATCH)
    if trailer:
        lines, _, given_bytes = rest.partition(b"x-amz-trailer-signature:")
        digest = hashlib.sha256(lines.replace(b"\r\n", b"\n")).hexdigest()
        expected = signer.chunk_signature("TRAILER", before, digest)
        if not _equal(expected, given_bytes.strip().decode(errors="replace")):
            raise SignatureMismatch(MISMATCH)


def _chunks(body: bytes) -> tuple[list[tuple[bytes, str]], bytes]:
    """Data and signature of each chunk, then the trailer. The last chunk has no data."""
    chunks = []
    start = 0
    while head := _CHUNK.match(body, start):
        end = head.end() + int(head[1], 16)
        data = body[head.end() : end]
        chunks.append((data, head[2].decode()))
        if not data:
            return chunks, body[end:]
        start = end + 2  # the chunk's own line end
    raise SignatureMismatch(MISMATCH)


def _equal(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
