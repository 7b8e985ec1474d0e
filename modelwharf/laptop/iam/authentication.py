"""Authenticate a request: find the key's owner, and verify the signature."""

from datetime import UTC, datetime

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.iam import signatures
from modelwharf.laptop.iam.calls import Credential, HttpRequest
from modelwharf.laptop.iam.principals import secret_of


def authenticate(cloud: Cloud, request: HttpRequest) -> Credential:
    """The credential of the request's verified signer. Raises a Refusal."""
    signature = signatures.signature_of(request)
    secret = secret_of(cloud, signature.credential)
    signatures.verify(request, signature, secret, datetime.now(UTC))
    return signature.credential
