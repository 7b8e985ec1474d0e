"""Requests to the cloud's own pages, which take root's signature as AWS's services do."""

import json
from typing import Any
from urllib.request import Request, urlopen

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def ask(url: str, key: Credentials, document: Any = None) -> Any:
    """GET, or POST of a document; the JSON that is answered. Raises urllib's HTTPError."""
    body = b"" if document is None else json.dumps(document).encode()
    headers = {"Content-Type": "application/json"} if body else {}
    signed = AWSRequest("POST" if body else "GET", url, headers, data=body)
    SigV4Auth(key, "wharf", "eu-west-1").add_auth(signed)
    request = Request(url, body or None, dict(signed.headers), method=signed.method)
    with urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())
