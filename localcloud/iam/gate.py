"""The gate that stands before every API: a call passes to moto, or is answered as denied.

Stock moto gives most services no resource to judge, ignores conditions and never asks for
PassRole, so that it denies what AWS allows and allows what AWS denies. Signatures are not
verified: the cloud listens on loopback only.
"""

import json
import logging
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from localcloud.cloud import Cloud
from localcloud.iam.calls import HttpRequest, credential_of
from localcloud.iam.judgement import AccessDenied, judge
from localcloud.iam.principals import UnknownPrincipal
from localcloud.overrides import replace

log = logging.getLogger(__name__)

UNSIGNED_PATHS = ("/moto-api", "/_wharf/")
"""The server's own pages; nothing of AWS is under them."""
_FORM = "application/x-www-form-urlencoded"
_XML_CODES = {"AccessDenied": "AccessDenied", "UnrecognizedClient": "InvalidClientTokenId"}


def install(cloud: Cloud) -> None:
    """Leave bucket policies to the gate: moto's own check of them knows no conditions."""

    def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL

    replace(FakeBucket, "get_permission", get_permission)


class Gate:
    """WSGI middleware: lets a call pass to moto, or answers that it is denied."""

    def __init__(self, cloud: Cloud, application: Callable[..., Iterable[bytes]]) -> None:
        self._cloud = cloud
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(UNSIGNED_PATHS):
            return self._application(environ, start_response)
        request = _http_request(environ)
        try:
            judge(self._cloud, request)
        except AccessDenied as error:
            log.warning("denied: %s", error)  # a HEAD request's answer cannot say it
            return _refusal(request, start_response, "AccessDenied", str(error))
        except UnknownPrincipal as error:
            return _refusal(request, start_response, "UnrecognizedClient", str(error))
        return self._application(environ, start_response)


def _http_request(environ: dict[str, Any]) -> HttpRequest:
    """Read the request, leaving its body to be read again."""
    query = environ.get("QUERY_STRING", "")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    raw_path = environ.get("RAW_URI") or environ["PATH_INFO"]
    return HttpRequest(
        environ["REQUEST_METHOD"], raw_path.partition("?")[0], _pairs(query), headers, body
    )


def _pairs(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))


def _refusal(
    request: HttpRequest, start_response: Callable[..., Any], kind: str, message: str
) -> list[bytes]:
    """The error as the protocol of the call has it; JSON services suffix the code."""
    json_protocol = not _speaks_xml(request)
    code = f"{kind}Exception" if json_protocol else _XML_CODES[kind]
    if json_protocol:
        status = "403 Forbidden" if "x-amz-target" not in request.headers else "400 Bad Request"
        body = json.dumps({"__type": code, "message": message, "Message": message})
        content_type = "application/json"
    else:
        status, content_type = "403 Forbidden", "text/xml"
        error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        s3 = not request.headers.get("content-type", "").startswith(_FORM)
        body = error if s3 else f"<ErrorResponse>{error}</ErrorResponse>"
    data = b"" if request.method == "HEAD" else body.encode()
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(data))),
        ("x-amzn-ErrorType", code),
    ]
    start_response(status, headers)
    return [data]


def _speaks_xml(request: HttpRequest) -> bool:
    credential = credential_of(request)
    service = credential.service if credential else "s3"
    form = request.headers.get("content-type", "").startswith(_FORM)
    return service == "s3" or (form and "x-amz-target" not in request.headers)
