"""Who has signed a request: whose key it is, and whether the signature is theirs."""

from datetime import UTC, datetime

from localcloud.cloud import Cloud
from localcloud.iam import signatures
from localcloud.iam.calls import Credential, HttpRequest
from localcloud.iam.principals import secret_of


def authenticate(cloud: Cloud, request: HttpRequest) -> Credential:
    """The credential, whose holder has signed this request. Raises a Refusal."""
    signature = signatures.signature_of(request)
    secret = secret_of(cloud, signature.credential)
    signatures.verify(request, signature, secret, datetime.now(UTC))
    return signature.credential
