"""A request that comes while one set of servers takes over from another."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker.fleet import Fleet, FleetGone
from modelwharf.laptop.sagemaker.invocations import invoke
from modelwharf.laptop.sagemaker.model_container import Answer


class Server:
    """Answers with its name."""

    stream_arn = ""

    def __init__(self, name: str) -> None:
        self._name = name

    def invoke(self, body: bytes, headers: Any) -> Answer:
        return Answer(200, self._name.encode(), {})

    def capture(self, invocation: Any) -> None:
        pass


class After:
    """The servers that took over."""

    @contextmanager
    def serving(self, target: str | None) -> Iterator[tuple[str, Server]]:
        yield "champion", Server("after")


class Updated:
    """An endpoint whose update ends right after one has looked which servers answer."""

    def __init__(self, *fleets: Any) -> None:
        self._fleets = list(fleets)

    @property
    def fleet(self) -> Any:
        return self._fleets.pop(0) if len(self._fleets) > 1 else self._fleets[0]


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(directory=tmp_path, url="http://127.0.0.1:1", region="eu-west-1")


@pytest.fixture
def stopped(cloud: Cloud) -> Fleet:
    fleet = Fleet(cloud, "endpoint", "before", [])
    fleet.stop()
    return fleet


def ask(cloud: Cloud, endpoint: Any) -> tuple[int, Any]:
    status, _, body = invoke(cloud, endpoint, "endpoint", {}, b"")
    return status, body


def test_servers_that_stop_take_no_new_request(stopped: Fleet) -> None:
    with pytest.raises(FleetGone), stopped.serving(None):
        pass


def test_a_request_that_finds_servers_stopped_goes_to_those_after_them(
    cloud: Cloud, stopped: Fleet
) -> None:
    assert ask(cloud, Updated(stopped, stopped, After())) == (200, b"after")


def test_a_request_that_finds_servers_stopped_and_none_after_them_finds_no_endpoint(
    cloud: Cloud, stopped: Fleet
) -> None:
    status, body = ask(cloud, Updated(stopped, stopped, None))
    assert status == 400 and "not found" in body
