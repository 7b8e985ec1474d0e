"""A few hundred of the requests that ``make fuzz`` makes by the ten thousand, always the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import lanes
from tests.fuzz.artifacts import write_echo, write_forecaster
from tests.fuzz.described import described
from tests.fuzz.target import ECHO, Target, serving


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    base = tmp_path_factory.mktemp("echo")
    write_echo(base)
    with serving(base, workers=2) as target:
        yield target


@pytest.fixture(autouse=True)
def harm(table: Target) -> Iterator[None]:
    """What no request may do, whichever it was."""
    pids = table.pids()
    yield
    table.check(ECHO)
    assert table.pids() == pids
    assert table.faults() == []


def test_each_format_is_read_to_the_last_bit_and_what_is_spoilt_is_refused_or_means_what_it_says(
    table: Target,
) -> None:
    found = lanes.tables(table.port, 650, 1)
    assert found[200] >= 50
    assert found[400] >= 200


def test_each_format_is_written_to_the_last_bit(table: Target) -> None:
    assert set(lanes.answers(table.port, 120, 1)) == {200}


def test_what_is_no_request_gets_an_answer_of_http_or_none(table: Target) -> None:
    assert lanes.oddities(table.port, 120, 1)[400] >= 20


def test_bodies_meant_to_take_all_memory_or_time_are_refused(table: Target) -> None:
    found = lanes.heavies(table.port, largest=1024 * 1024)
    assert found[413] >= 1
    assert found[400] >= 20


def test_the_server_answers_as_it_describes_itself(table: Target) -> None:
    assert described(table.port, 60, 1)[200] >= 5


def test_the_forecaster_refuses_what_is_spoilt(tmp_path: Path) -> None:
    write_forecaster(tmp_path)
    with serving(tmp_path, workers=1) as target:
        assert lanes.forecasts(target.port, 260, 1)[400] >= 50
        assert target.faults() == []
