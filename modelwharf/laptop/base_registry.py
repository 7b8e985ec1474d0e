"""A registry that answers for every host: it tells which base image a local build starts from.

``HEAD`` or ``GET /_wharf/registry/<key>/v2/<host>/<name>/manifests/<tag or digest>`` answers
with the engine's digest of the image in ``Docker-Content-Digest``, as registries do (OCI
Distribution Specification, "Pulling manifests"). ``?platform=linux/arm64`` asks for that
platform; otherwise any platform matches. The response holds no manifest: images are not pulled
from here. Registry clients cannot sign as AWS's clients do, so the key is in the path. A request
without the key goes to the gate.
"""

import hmac
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from modelwharf.engines.engine import EngineLost, ImageMissing
from modelwharf.laptop.cloud import Cloud

PATH = "/_wharf/registry"
_MANIFEST = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)")

Application = Callable[..., Iterable[bytes]]


def base_registry_url(cloud: Cloud) -> str:
    return f"{cloud.url}{_path(cloud)}"


def _path(cloud: Cloud) -> str:
    return f"{PATH}/{cloud.registry_key}"


def with_base_registry(cloud: Cloud, application: Application) -> Application:
    """WSGI middleware that serves the registry and passes every other path to ``application``."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        own = _path(cloud)
        path = environ["PATH_INFO"]
        given, rest = path[: len(own)], path[len(own) :]
        if not hmac.compare_digest(given.encode(), own.encode()):
            return application(environ, start_response)
        status, headers, document = _look_up(cloud, environ, rest)
        body = json.dumps(document).encode()
        kept = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(status, [*kept, *headers])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return answer


def _look_up(
    cloud: Cloud, environ: dict[str, Any], path: str
) -> tuple[str, list[tuple[str, str]], dict[str, Any]]:
    match = _MANIFEST.fullmatch(path)
    if match is None or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return "404 Not Found", [], _error("only GET v2/HOST/NAME/manifests/TAG is here")
    reference = match["reference"]
    joint = "@" if reference.startswith("sha256:") else ":"
    platform = parse_qs(environ.get("QUERY_STRING", "")).get("platform", [""])[0]
    name = f"{match['name']}{joint}{reference}"
    try:
        digest = cloud.engine.base_digest(name, platform)
    except ImageMissing as error:
        return "404 Not Found", [], _error(str(error))
    except EngineLost as error:
        return "503 Service Unavailable", [], _error(str(error))
    headers = [("Docker-Content-Digest", digest)]
    return "200 OK", headers, {"name": name, "digest": digest}


def _error(message: str) -> dict[str, Any]:
    return {"errors": [{"code": "MANIFEST_UNKNOWN", "message": message}]}
