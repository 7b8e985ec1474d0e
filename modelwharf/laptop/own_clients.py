"""Accept only requests from programs that call the cloud by its own address.

A browser sends a web page's requests to a server on loopback. A page whose name resolves to
127.0.0.1 ("DNS rebinding") may read the responses, too. A browser identifies such requests in
``Host`` (RFC 9110, 7.2), ``Origin`` (RFC 6454) and ``Sec-Fetch-Site`` (W3C Fetch Metadata).
Programs send neither of the last two.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from moto.moto_server import werkzeug_app

from modelwharf.laptop.iam import refusals
from modelwharf.laptop.iam.calls import HttpRequest
from modelwharf.laptop.overrides import replace

OWN_NAMES = ("127.0.0.1", "localhost")
OWN_SITES = ("same-origin", "none")
"""Accepted values of Sec-Fetch-Site. ``none``: a person typed the address."""
SHOWN = 100  # characters of a foreign header that an error shows

Application = Callable[..., Iterable[bytes]]


class Foreign(refusals.Refusal):
    """The request comes from a web page, or is addressed to another server."""

    codes = refusals.Codes("AccessDenied", "AccessDenied", "AccessDeniedException")


def switch_off_cors() -> None:
    """Keep moto's server from allowing pages of every origin (it adds flask-cors)."""
    replace(werkzeug_app, "CORS", lambda application: None)


class OwnClients:
    """WSGI middleware before all others, which refuses foreign requests.

    ``url`` is the cloud's own; ``names`` are this machine's names besides loopback. No response has
    a CORS header, whatever a bucket's CORS configuration says.
    """

    def __init__(self, url: str, application: Application, *, names: Sequence[str] = ()) -> None:
        self._url = url
        self._application = application
        port = urlsplit(url).port
        hosts = [f"{name}:{port}" for name in (*OWN_NAMES, *names)]
        if port == 80:  # clients omit the default port
            hosts += [*OWN_NAMES, *names]
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in hosts)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        try:
            self._require_own(environ)
        except Foreign as refusal:
            return refusals.answer(_without_body(environ), refusal, start_response)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            kept = [pair for pair in headers if not pair[0].lower().startswith("access-control-")]
            return start_response(status, kept, *rest)

        return self._application(environ, start)

    def _require_own(self, environ: dict[str, Any]) -> None:
        """Check the request's host, origin and site. Raises Foreign."""
        host = environ.get("HTTP_HOST", "")
        if host.lower() not in self._hosts:
            raise Foreign(
                f"{self._only}; this request is addressed to {_shown(host)}.{_hint(host)}"
            )
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin.lower() not in self._origins:
            raise Foreign(
                f"{self._only}, and no web page; this request's Origin is {_shown(origin)}."
            )
        site = environ.get("HTTP_SEC_FETCH_SITE")
        if site is not None and site not in OWN_SITES:
            raise Foreign(f"{self._only}, and no web page; Sec-Fetch-Site is {_shown(site)}.")
        if not environ.get("RAW_URI", "/").startswith("/"):
            raise Foreign(f"{self._only}; it is not a proxy.")

    @property
    def _only(self) -> str:
        return f"The laptop's cloud answers programs that call it by its own address, {self._url}"


def _shown(value: str) -> str:
    return repr(value[:SHOWN])


def _hint(host: str) -> str:
    if host.partition(":")[0].endswith(tuple(f".{name}" for name in OWN_NAMES)):
        return " For S3 set addressing_style = path (forcePathStyle): buckets have no host here."
    return ""


def _without_body(environ: dict[str, Any]) -> HttpRequest:
    """The parts of a foreign request that determine the form of its response."""
    names = {"HTTP_X_AMZ_TARGET": "x-amz-target", "HTTP_SMITHY_PROTOCOL": "smithy-protocol"}
    names |= {"CONTENT_TYPE": "content-type", "HTTP_AUTHORIZATION": "authorization"}
    headers = {name: environ[key] for key, name in names.items() if key in environ}
    return HttpRequest(environ["REQUEST_METHOD"], "/", {}, headers, b"")
