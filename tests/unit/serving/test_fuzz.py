"""A few hundred of the requests that ``make fuzz`` makes by the ten thousand, always the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import lanes
from tests.fuzz.artifacts import write_echo, write_forecaster
from tests.fuzz.found import HUNG, KEPT, Found, until_answered
from tests.fuzz.target import ECHO, Target, serving
from tests.fuzz.wire import RuleBroken


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
    found = lanes.tables(table.port, 330, 1)
    assert found.told == []
    assert found.answers[200] >= 25
    assert found.answers[400] >= 100
    assert found.answers.total() >= 330


def test_each_format_is_written_to_the_last_bit(table: Target) -> None:
    found = lanes.answers(table.port, 120, 1)
    assert found.told == []
    assert set(found.answers) == {200}


def test_what_is_no_request_gets_an_answer_of_http_or_none(table: Target) -> None:
    found = lanes.oddities(table.port, 60, 1)
    assert found.told == []
    assert found.answers[400] >= 10


def test_bodies_meant_to_take_all_memory_or_time_are_refused(table: Target) -> None:
    found = lanes.heavies(table.port, largest=1024 * 1024)
    assert found.told == []
    assert found.answers[413] >= 1
    assert found.answers[400] >= 20


def test_the_server_answers_as_it_describes_itself(table: Target) -> None:
    from tests.fuzz.described import described  # here: every worker imports this file

    found = described(table.port, 30, 1)
    assert found.told == []
    assert found.answers[200] >= 3


def test_the_forecaster_refuses_what_is_spoilt(tmp_path: Path) -> None:
    write_forecaster(tmp_path)
    with serving(tmp_path, workers=1) as target:
        found = lanes.forecasts(target.port, 130, 1)
        assert found.told == []
        assert found.answers[400] >= 25
        assert target.faults() == []


def test_the_server_runs_with_what_its_image_sets(table: Target) -> None:
    environment = Path(f"/proc/{table.process.pid}/environ").read_bytes().split(b"\0")
    assert [one for one in environment if one.startswith(b"MALLOC_TRIM_THRESHOLD_=")]
    assert b"OMP_NUM_THREADS=1" in environment


def test_a_broken_rule_is_told_and_the_lane_goes_on_to_its_count() -> None:
    found = Found()

    def turn(examples: int, number: int) -> None:
        for _ in range(examples):
            found.answers[200] += 1
            with found.noting():
                raise RuleBroken(f"by {number}")

    until_answered(found, 30, 7, 2, turn)
    assert found.answers.total() == found.broken == 30
    assert len(found.told) == KEPT


def test_a_lane_ends_when_nothing_is_answered_any_more() -> None:
    with pytest.raises(RuleBroken, match="30 requests are left, and none is answered"):
        until_answered(Found(), 30, 7, 2, lambda examples, number: None)


def test_a_server_that_answers_no_more_is_not_waited_for_again_and_again() -> None:
    found = Found()
    with pytest.raises(TimeoutError):
        for _ in range(100):
            with found.noting():
                raise TimeoutError
    assert found.broken == HUNG
