"""The gate before every path: it passes a call on to moto, or answers that it is denied.

Stock moto gives most services no resource to judge, ignores conditions and never checks PassRole.
It therefore denies calls that AWS allows, and allows calls that AWS denies. It verifies no
signature.
"""

import logging
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.iam import limits, refusals, simulation
from modelwharf.laptop.iam.calls import HttpRequest
from modelwharf.laptop.iam.judgement import judge
from modelwharf.laptop.iam.refusals import Refusal
from modelwharf.laptop.iam.signatures import ALGORITHM
from modelwharf.laptop.overrides import replace

log = logging.getLogger(__name__)


def install(cloud: Cloud) -> None:
    """Leave bucket policies to the gate: moto's own check ignores conditions."""
    limits.install()
    simulation.install(cloud)

    def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        return PermissionResult.NEUTRAL

    replace(FakeBucket, "get_permission", get_permission)


class Gate:
    """WSGI middleware that passes a call on to moto, or answers that it is denied."""

    def __init__(self, cloud: Cloud, application: Callable[..., Iterable[bytes]]) -> None:
        self._cloud = cloud
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = read_request(environ)
        try:
            judge(self._cloud, request)
        except Refusal as refusal:
            log.warning("denied: %s", refusal)  # the response to a HEAD request cannot say it
            return refusals.answer(request, refusal, start_response)
        self._let_moto_see_the_same(environ, request)
        return self._application(environ, start_response)

    @staticmethod
    def _let_moto_see_the_same(environ: dict[str, Any], request: HttpRequest) -> None:
        """Make moto see the service and account that were judged.

        moto reads them from other parts of a request. Otherwise a URL presigned for one service
        could call another.
        """
        if "authorization" not in request.headers:
            scope = request.query["X-Amz-Credential"]
            environ["HTTP_AUTHORIZATION"] = f"{ALGORITHM} Credential={scope}, "
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)


def read_request(environ: dict[str, Any]) -> HttpRequest:
    """Read the request, and keep its body readable."""
    query = environ.get("QUERY_STRING", "")
    body = _read_body(environ)
    spelled = environ.get(PRESERVED_HEADER_NAMES_ENVIRON_KEY) or {}
    headers = {
        (spelled.get(name) or name.removeprefix("HTTP_").replace("_", "-")).lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    }
    raw_path = environ.get("RAW_URI") or environ["PATH_INFO"]
    return HttpRequest(
        environ["REQUEST_METHOD"], raw_path.partition("?")[0], _pairs(query), headers, body, query
    )


def _read_body(environ: dict[str, Any]) -> bytes:
    """The whole body, also without a Content-Length ("chunked", RFC 9112, 7.1)."""
    length = environ.get("CONTENT_LENGTH") or ""
    if environ.get("wsgi.input_terminated"):
        body: bytes = environ["wsgi.input"].read()
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    else:
        body = environ["wsgi.input"].read(int(length)) if length.isdecimal() else b""
    environ["wsgi.input"] = BytesIO(body)
    return body


def _pairs(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True))
