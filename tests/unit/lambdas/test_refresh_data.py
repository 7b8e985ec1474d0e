import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lambdas.errors import SeriesUnavailable
from lambdas.handlers.refresh_data import refresh_data
from tests.unit.lambdas.conftest import World

KEY = "secret-key"


class Eia(HTTPServer):
    """The API on loopback: what it holds, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.largest_page = 2  # rows; the API's own is 5,000
        self.raw: tuple[int, bytes] | None = None


class Answering(BaseHTTPRequestHandler):
    server: Eia

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        self.server.asked.append((parts.path, query))
        status, body = self.server.raw or self._page(query)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def _page(self, query: dict[str, list[str]]) -> tuple[int, bytes]:
        if query.get("api_key") != [KEY]:
            return 403, b'{"error": {"code": "API_KEY_INVALID"}}'
        rows = self.server.rows.get(query["facets[series][]"][0], [])
        start = int(query["offset"][0])
        page = rows[start : start + self.server.largest_page]
        response = {"response": {"total": str(len(rows)), "data": page}}
        return 200, json.dumps(response).encode()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def eia() -> Iterator[Eia]:
    server = Eia()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(world: World, eia: Eia) -> World:
    url = f"http://127.0.0.1:{eia.server_port}/v2"
    world.environment = world.environment.model_copy(update={"eia_url": url})
    inputs = {
        "wti": {"key": "series/wti.csv", "eia": {"series": "RWTC"}},
        "brent": {"key": "series/brent.csv", "eia": {"series": "RBRTE"}},
        "own": {"key": "series/own.csv"},
    }
    configure(world, inputs)
    world.ssm.put_parameter(
        Name="/modelwharf/oil-price/eia-api-key", Value=KEY, Type="SecureString"
    )
    eia.rows["RWTC"] = [
        {"period": "2020-04-17", "series": "RWTC", "value": "18.31"},
        {"period": "2020-04-20", "series": "RWTC", "value": "-36.98"},
        {"period": "2020-04-21", "series": "RWTC", "value": None},
        {"period": "2020-04-22", "series": "RWTC", "value": 13.64},
    ]
    eia.rows["RBRTE"] = [{"period": "2020-04-17", "series": "RBRTE", "value": "21.0"}]
    return world


def configure(world: World, inputs: dict[str, Any]) -> None:
    world.ssm.put_parameter(
        Name="/modelwharf/oil-price/data",
        Value=json.dumps({"inputs": inputs}),
        Type="String",
        Overwrite=True,
    )


def content(world: World, name: str) -> str:
    body = world.s3.get_object(Bucket="data", Key=f"series/{name}.csv")["Body"]
    return str(body.read().decode())


def versions(world: World) -> int:
    return len(world.s3.list_object_versions(Bucket="data").get("Versions", []))


def test_every_page_is_fetched_and_days_without_a_value_are_left_out(project: World) -> None:
    assert refresh_data(project.runtime) == ("wti", "brent")
    assert content(project, "wti") == (
        "Date,Price\n2020-04-17,18.31\n2020-04-20,-36.98\n2020-04-22,13.64\n"
    )


def test_the_api_is_asked_as_documented(project: World, eia: Eia) -> None:
    refresh_data(project.runtime)
    path, query = eia.asked[0]
    assert path == "/v2/petroleum/pri/spt/data/"
    assert query == {
        "frequency": ["daily"],
        "data[0]": ["value"],
        "facets[series][]": ["RWTC"],
        "sort[0][column]": ["period"],
        "sort[0][direction]": ["asc"],
        "offset": ["0"],
        "length": ["5000"],
        "api_key": [KEY],
    }


def test_the_same_content_is_not_written_again(project: World, eia: Eia) -> None:
    refresh_data(project.runtime)
    assert refresh_data(project.runtime) == ()
    assert versions(project) == 2
    eia.rows["RBRTE"].append({"period": "2020-04-20", "value": "17.4"})
    assert refresh_data(project.runtime) == ("brent",)
    assert versions(project) == 3


def test_one_series_that_fails_holds_back_no_other(project: World, eia: Eia) -> None:
    del eia.rows["RWTC"]
    with pytest.raises(SeriesUnavailable, match="input 'wti': the EIA has no values for series"):
        refresh_data(project.runtime)
    assert content(project, "brent") == "Date,Price\n2020-04-17,21.0\n"


def test_without_a_key_it_says_how_to_make_one(project: World) -> None:
    project.ssm.delete_parameter(Name="/modelwharf/oil-price/eia-api-key")
    with pytest.raises(SeriesUnavailable) as caught:
        refresh_data(project.runtime)
    assert "https://www.eia.gov/opendata/register.php" in str(caught.value)
    assert (
        "aws ssm put-parameter --type SecureString --name /modelwharf/oil-price/eia-api-key"
        in str(caught.value)
    )


def test_a_wrong_key_is_reported_in_the_api_s_words_and_never_shown(project: World) -> None:
    project.ssm.put_parameter(
        Name="/modelwharf/oil-price/eia-api-key",
        Value="wrong-key",
        Type="SecureString",
        Overwrite=True,
    )
    with pytest.raises(SeriesUnavailable) as caught:
        refresh_data(project.runtime)
    assert "answered 403" in str(caught.value)
    assert "API_KEY_INVALID" in str(caught.value)
    assert "wrong-key" not in str(caught.value)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"response": {}}', b'{"data": []}'])
def test_an_answer_of_another_shape_is_refused(project: World, eia: Eia, body: bytes) -> None:
    eia.raw = (200, body)
    with pytest.raises(SeriesUnavailable, match="is not as documented"):
        refresh_data(project.runtime)


@pytest.mark.parametrize(
    "row",
    [{"period": "2020-04", "value": 1}, {"period": "2020-04-20", "value": "n/a"}, {"value": 1}],
)
def test_a_row_that_cannot_be_read_is_refused_and_shown(
    project: World, eia: Eia, row: dict[str, Any]
) -> None:
    eia.rows["RWTC"] = [row]
    with pytest.raises(SeriesUnavailable, match="has an unreadable row"):
        refresh_data(project.runtime)


def test_an_api_that_is_not_there_is_reported(project: World, eia: Eia) -> None:
    project.environment = project.environment.model_copy(
        update={"eia_url": "http://127.0.0.1:1/v2"}
    )
    with pytest.raises(SeriesUnavailable, match="the EIA is not reachable"):
        refresh_data(project.runtime)


def test_a_project_of_its_own_data_needs_no_key(project: World) -> None:
    project.ssm.delete_parameter(Name="/modelwharf/oil-price/eia-api-key")
    configure(project, {"own": {"key": "series/own.csv"}})
    assert refresh_data(project.runtime) == ()
