"""Web pages and other host names reach nothing; without a signature nobody does."""

import http.client
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from moto.moto_server import werkzeug_app
from werkzeug.test import Client

from modelwharf.laptop.overrides import as_shipped
from modelwharf.laptop.own_clients import OwnClients, switch_off_cors
from tests.unit.laptop.core.world import REGION, World
from tests.waiting import HUNG

URL = "http://127.0.0.1:8080"
PATHS = (
    "/",
    "/bucket/key",
    "/favicon.ico",
    "/latest/meta-data/iam/security-credentials/default",
    "/moto-api/",
    "/moto-api/data.json",
    "/moto-api/reset",
    "/_wharf/faults",
    "/_wharf/registry/v2/docker.io/library/python/manifests/3",
    "/endpoints/oil-price/invocations",
    "/2015-03-31/functions/f/invocations",
    "/eu-west-1_pool/.well-known/jwks.json",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Access-Control-Allow-Origin", "*"), ("Content-Length", "2")])
    return [b"ok"]


def status(path: str = "/", *, names: tuple[str, ...] = (), **headers: str) -> tuple[int, str]:
    """What is answered at 127.0.0.1:8080 to a request with these headers."""
    given = {"HTTP_HOST": "127.0.0.1:8080", **headers}
    environ = {name: value for name, value in given.items() if value}
    answer = Client(OwnClients(URL, application, names=names)).get(path, environ_overrides=environ)
    return answer.status_code, answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LocalHost:8080"])
def test_a_program_that_calls_the_cloud_by_its_own_address_is_answered(host: str) -> None:
    assert status(HTTP_HOST=host) == (200, "ok")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8080",
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:8081",
        "127.0.0.1:8080.evil.example",
        "127.0.0.1.nip.io:8080",
        "[::1]:8080",
        "0.0.0.0:8080",
        "evil.localhost:8080",
        "host.docker.internal:8080",
    ],
)
def test_another_host_name_is_refused_and_told_the_address(host: str) -> None:
    code, text = status(HTTP_HOST=host)
    assert code == 403
    assert URL in text and host in text


def test_a_bucket_in_the_host_is_told_how_to_be_in_the_path() -> None:
    assert "addressing_style = path" in status(HTTP_HOST="bucket.localhost:8080")[1]


def test_the_engine_s_name_of_this_machine_is_the_cloud_s_too() -> None:
    names = ("host.docker.internal",)
    assert status(HTTP_HOST="host.docker.internal:8080", names=names)[0] == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "", "http://127.0.0.1", "http://localhost:3000",
     "https://127.0.0.1:8080", "http://127.0.0.1:8080.evil.example"],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    headers: dict[str, Any] = {"HTTP_ORIGIN": origin or " "}
    assert status(**headers)[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "unknown"])
def test_what_a_browser_fetches_for_another_site_is_refused(site: str) -> None:
    headers: dict[str, Any] = {"HTTP_SEC_FETCH_SITE": site or " "}
    assert status(**headers)[0] == 403


def test_what_a_person_types_and_what_the_cloud_s_own_pages_fetch_is_answered() -> None:
    assert status(HTTP_SEC_FETCH_SITE="none")[0] == 200
    own: dict[str, Any] = {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": URL}
    assert status(**own)[0] == 200


def test_no_answer_invites_other_origins(world: World) -> None:
    client = Client(OwnClients(URL, application))
    answer = client.get("/", environ_overrides={"HTTP_HOST": "127.0.0.1:8080"})
    assert answer.status_code == 200 and "Access-Control-Allow-Origin" not in answer.headers


def test_stock_moto_invites_every_origin_and_ours_none(world: World) -> None:
    switch_off_cors()

    def invites() -> bool:
        moto = Client(werkzeug_app.create_backend_app("sts"))
        answer = moto.options("/", headers={"Origin": "http://evil.example"})
        return "Access-Control-Allow-Origin" in answer.headers

    with as_shipped():
        assert invites()
    assert not invites()


def asked(world: World, method: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    url = urlsplit(world.cloud.url)
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=HUNG)
    try:
        connection.request(method, path, b"{}" if method == "POST" else None, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


@pytest.mark.parametrize("path", PATHS)
def test_no_path_answers_an_unsigned_request(world: World, path: str) -> None:
    for method in METHODS:
        code, headers = asked(world, method, path)
        assert code == 403, (method, path)
        assert not [name for name in headers if name.startswith("access-control-")]


def test_a_preflight_that_names_a_credential_in_its_query_is_refused(world: World) -> None:
    """An attack that ran once: the gate took the query for a presigned URL."""
    query = f"/?X-Amz-Credential=test/20261130/{REGION}/codebuild/aws4_request"
    preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    code, headers = asked(world, "OPTIONS", query, **preflight)
    assert code == 403
    assert not [name for name in headers if name.startswith("access-control-")]


def test_a_request_for_a_proxy_is_refused(world: World) -> None:
    assert asked(world, "GET", "http://evil.example/")[0] == 403
    assert asked(world, "GET", f"{world.cloud.url}/moto-api/")[0] == 403


def test_sdks_are_reported_in_their_own_form(world: World) -> None:
    client = world.client("ssm")

    def add_origin(request: Any, **_: Any) -> None:
        request.headers["Origin"] = "http://evil.example"

    client.meta.events.register("before-send.*.*", add_origin)
    with pytest.raises(ClientError, match="evil") as caught:
        client.get_parameter(Name="/a")
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_the_server_s_own_pages_are_root_s(world: World) -> None:
    assert world.page("/_wharf/faults") == {"armed": []}
    assert isinstance(world.page("/moto-api/data.json"), dict)
    with pytest.raises(HTTPError) as refused:
        world.page("/_wharf/registry/v2/x/y/manifests/1")
    refused.value.close()
