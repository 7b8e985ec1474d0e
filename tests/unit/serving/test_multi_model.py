"""SageMaker's contract for multi-model endpoints, asked without a server."""

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from inference.forecaster import Forecaster
from modelwharf.serving.footprint import footprint
from modelwharf.serving.loaded_models import LoadedModels
from modelwharf.serving.memory import MIB, Memory
from modelwharf.serving.multi_model import LOAD_BODY_LIMIT, NAME_LIMIT, MultiModelApp
from modelwharf.serving.served import Served
from tests.unit.serving.asking import Answer, ask, call

REQUEST = b'{"product":"wti","date":"2018-01-29"}'
JSON = {"content-type": "application/json"}
HASH = "0f3a9c"


@dataclass
class Endpoint:
    """The application, and SageMaker's folder of unpacked models."""

    app: MultiModelApp
    models: Path
    artifact: Path

    def unpacked(self, name: str) -> str:
        folder = self.models / name / "model"
        if not folder.exists():
            shutil.copytree(self.artifact, folder)
        return str(folder)

    def load(self, name: str, url: str | None = None) -> Answer:
        body = json.dumps({"model_name": name, "url": url or self.unpacked(HASH)}).encode()
        return call(self.app, "POST", "/models", headers=JSON, chunks=[body])

    def invoke(self, name: str) -> Answer:
        return call(self.app, "POST", f"/models/{name}/invoke", headers=JSON, chunks=[REQUEST])


@pytest.fixture
def endpoint_of(model_folder: Path, tmp_path: Path) -> Callable[[int], Endpoint]:
    def made(free: int) -> Endpoint:
        memory = Memory(free * MIB, lambda: 0, "the test's")
        in_memory: LoadedModels[Served] = LoadedModels(
            load=Forecaster.load, needs=footprint, memory=memory
        )
        return Endpoint(
            MultiModelApp(in_memory, tmp_path / "models"), tmp_path / "models", model_folder
        )

    return made


@pytest.fixture
def endpoint(endpoint_of: Callable[[int], Endpoint]) -> Endpoint:
    return endpoint_of(1000)


def test_a_server_without_models_is_healthy(endpoint: Endpoint) -> None:
    assert call(endpoint.app, "GET", "/ping").status == 200
    assert call(endpoint.app, "HEAD", "/ping").status == 200
    assert call(endpoint.app, "GET", "/models").json == {"models": []}


def test_a_model_is_loaded_listed_described_asked_and_unloaded(endpoint: Endpoint) -> None:
    described = {"modelName": HASH, "modelUrl": endpoint.unpacked(HASH)}
    loaded = endpoint.load(HASH)
    assert (loaded.status, loaded.json) == (200, described)
    assert call(endpoint.app, "GET", "/models").json == {"models": [described]}
    assert call(endpoint.app, "GET", f"/models/{HASH}").json == described
    answer = endpoint.invoke(HASH)
    assert (answer.status, answer.json["product"]) == (200, "wti")
    unloaded = call(endpoint.app, "DELETE", f"/models/{HASH}")
    assert (unloaded.status, unloaded.json) == (200, described)
    assert call(endpoint.app, "GET", f"/models/{HASH}").status == 404
    assert call(endpoint.app, "DELETE", f"/models/{HASH}").status == 404
    assert endpoint.invoke(HASH).status == 404


def test_a_model_that_is_loaded_is_not_loaded_again(endpoint: Endpoint) -> None:
    endpoint.load(HASH)
    again = endpoint.load(HASH)
    assert (again.status, again.error) == (409, f"model {HASH!r} is already loaded")


def test_a_model_that_does_not_fit_is_507_with_the_figures(
    endpoint_of: Callable[[int], Endpoint],
) -> None:
    answer = endpoint_of(1).load(HASH)
    assert answer.status == 507
    assert "MiB while it loads; 1 MiB are free of 1 MiB, the test's" in answer.error


def test_each_model_answers_for_itself(endpoint: Endpoint) -> None:
    other = Path(endpoint.unpacked("other")) / "contract.json"
    contract = json.loads(other.read_text())
    contract["interval_level"] = 0.5
    other.write_text(json.dumps(contract))
    endpoint.load("first")
    endpoint.load("second", str(other.parent))
    assert endpoint.invoke("first").json["level"] == 0.8
    assert endpoint.invoke("second").json["level"] == 0.5


def test_an_invocation_of_a_model_is_one_like_any_other(endpoint: Endpoint) -> None:
    endpoint.load(HASH)
    headers = {
        **JSON,
        "accept": "text/csv",
        "x-amzn-sagemaker-target-model": "oil/wti.tar.gz",
        "x-amzn-sagemaker-custom-attributes": "trace=1",
    }
    path = f"/models/{HASH}/invoke"
    answer = call(endpoint.app, "POST", path, headers=headers, chunks=[REQUEST])
    assert answer.body.startswith(b"product,date,as_of")
    assert answer.headers[b"x-amzn-sagemaker-custom-attributes"] == b"trace=1"
    assert call(endpoint.app, "POST", path, headers=JSON, chunks=[b"{"]).status == 400
    assert call(endpoint.app, "POST", path, chunks=[REQUEST]).status == 415


def test_loading_logs_the_target_model(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "inference")
    body = json.dumps({"model_name": HASH, "url": endpoint.unpacked(HASH)}).encode()
    headers = {**JSON, "x-amzn-sagemaker-target-model": "oil/wti.tar.gz"}
    call(endpoint.app, "POST", "/models", headers=headers, chunks=[body])
    assert f"loaded '{HASH}'" in caplog.text
    assert "target model 'oil/wti.tar.gz'" in caplog.text


@pytest.mark.parametrize("file", ["contract.json", "model.onnx", "origins.npz"])
def test_a_folder_that_holds_no_model_is_refused_with_the_file(
    endpoint: Endpoint, file: str
) -> None:
    url = endpoint.unpacked(HASH)
    (Path(url) / file).write_bytes(b"garbage")
    answer = endpoint.load(HASH)
    assert (answer.status, file in answer.error) == (400, True)
    (Path(url) / file).unlink()
    answer = endpoint.load(HASH)
    assert (answer.status, f"{file} is missing" in answer.error) == (400, True)


def test_a_folder_that_is_not_there_is_404(endpoint: Endpoint) -> None:
    assert endpoint.load("a", str(endpoint.models / "nowhere" / "model")).status == 404


@pytest.mark.parametrize(
    "url",
    ["/etc", "{models}/../../etc", "{models}/../models2/x", "x/model", "s3://x/y", "{models}/\0"],
)
def test_only_what_sagemaker_unpacked_is_loaded(endpoint: Endpoint, url: str) -> None:
    answer = endpoint.load("a", url.format(models=endpoint.models))
    assert (answer.status, "models are loaded from below" in answer.error) == (400, True)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"[]", "send model_name and url as JSON"),
        (b"[" * 60_000, "Invalid JSON"),
        (b"{}", "model_name: Field required"),
        (b'{"model_name":"a"}', "url: Field required"),
        (b'{"model_name":7,"url":"/x"}', "model_name: Input should be a valid string"),
        (b'{"model_name":"","url":"/x"}', "model_name: String should have at least 1"),
        (b'{"model_name":"\\u0000","url":"/x"}', "which no path of a URL can hold"),
        (b'{"model_name":"..","url":"/x"}', "which no path of a URL can hold"),
        (b'{"model_name":"\\ud800","url":"/x"}', "Invalid JSON"),
        (b'{"model_name":"\xff","url":"/x"}', "Invalid JSON"),
    ],
)
def test_a_load_that_is_none_is_refused_with_the_reason(
    endpoint: Endpoint, body: bytes, reason: str
) -> None:
    answer = call(endpoint.app, "POST", "/models", headers=JSON, chunks=[body])
    assert (answer.status, reason in answer.error) == (400, True), answer.error


def test_a_name_has_a_longest_length(endpoint: Endpoint) -> None:
    assert endpoint.load("n" * NAME_LIMIT).status == 200
    assert call(endpoint.app, "GET", f"/models/{'n' * NAME_LIMIT}").status == 200
    assert endpoint.load("n" * (NAME_LIMIT + 1)).status == 400


def test_a_load_of_unreasonable_length_is_413(endpoint: Endpoint) -> None:
    body = b" " * (LOAD_BODY_LIMIT + 1)
    assert call(endpoint.app, "POST", "/models", headers=JSON, chunks=[body]).status == 413


def test_fields_that_sagemaker_may_add_are_not_looked_at(endpoint: Endpoint) -> None:
    body = json.dumps({"model_name": "a", "url": endpoint.unpacked(HASH), "more": [1]}).encode()
    assert call(endpoint.app, "POST", "/models", headers=JSON, chunks=[body]).status == 200


@pytest.mark.parametrize(
    "name", ["a/b", "wti/invoke", "ä", "a b", "100%", "a?b", "#", "%2F", "models", "💧"]
)
def test_a_name_is_opaque_and_travels_percent_encoded(endpoint: Endpoint, name: str) -> None:
    assert endpoint.load(name).status == 200
    path = f"/models/{quote(name, safe='')}"
    assert call(endpoint.app, "GET", path).json["modelName"] == name
    answer = call(endpoint.app, "POST", f"{path}/invoke", headers=JSON, chunks=[REQUEST])
    assert answer.status == 200
    assert call(endpoint.app, "DELETE", path).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/models/",
        "/models//invoke",
        "/models/a/invoke/",
        "/models/a/predict",
        "/models/../etc/passwd",
        "/models/%2e%2e",
        "/models/%ff",
        "/models/%00",
        "/ping/",
        "/invocations",
        "//ping",
        "models",
    ],
)
def test_elsewhere_there_is_nothing(endpoint: Endpoint, path: str) -> None:
    assert call(endpoint.app, "GET", path).status in (404, 405)
    assert call(endpoint.app, "POST", path, headers=JSON, chunks=[REQUEST]).status in (404, 405)
    assert call(endpoint.app, "DELETE", path).status == 404 or "invo" in path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/ping", b"GET, HEAD"),
        ("DELETE", "/models", b"GET, HEAD, POST"),
        ("PUT", "/models/a", b"GET, HEAD, DELETE"),
        ("GET", "/models/a/invoke", b"POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    endpoint: Endpoint, method: str, path: str, allowed: bytes
) -> None:
    answer = call(endpoint.app, method, path)
    assert (answer.status, answer.headers[b"allow"]) == (405, allowed)


def test_the_list_comes_in_pages(endpoint: Endpoint) -> None:
    for number in range(5):
        endpoint.load(f"m/{number}")
    names: list[str] = []
    token = ""
    pages = 0
    while pages < 10:
        page = call(endpoint.app, "GET", f"/models?limit=2&next_page_token={token}").json
        names += [model["modelName"] for model in page["models"]]
        pages += 1
        if "nextPageToken" not in page:
            break
        token = page["nextPageToken"]
    assert (names, pages) == ([f"m/{number}" for number in range(5)], 3)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=%D9%A3", f"limit={'9' * 5000}"]
    + [f"next_page_token={token}" for token in ("x", "%00", "eyJ9", "Mw==", "%C3%A9", "e" * 5000)],
)
def test_a_page_that_is_none_is_refused(endpoint: Endpoint, query: str) -> None:
    assert call(endpoint.app, "GET", f"/models?{query}").status == 400


def test_ping_and_others_are_answered_while_a_model_loads_and_goes(endpoint: Endpoint) -> None:
    async def story() -> None:
        async def load(name: str) -> Answer:
            body = json.dumps({"model_name": name, "url": endpoint.unpacked(HASH)}).encode()
            return await ask(endpoint.app, "POST", "/models", headers=JSON, chunks=[body])

        async def invoke(name: str) -> Answer:
            path = f"/models/{name}/invoke"
            return await ask(endpoint.app, "POST", path, headers=JSON, chunks=[REQUEST])

        await load("a")
        answers = await asyncio.gather(
            *(load(f"b{number % 3}") for number in range(9)),
            *(invoke("a") for _ in range(20)),
            ask(endpoint.app, "GET", "/ping"),
            ask(endpoint.app, "DELETE", "/models/b0"),
        )
        assert sorted(answer.status for answer in answers[:9]) == [200] * 3 + [409] * 6
        assert {answer.status for answer in answers[9:]} == {200}

    asyncio.run(story())
