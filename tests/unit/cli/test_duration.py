"""Times, as people read them."""

from datetime import timedelta

import pytest

from modelwharf.cli.duration import between, seconds_in_words
from tests.unit.contracts.histories import START


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"),
     (3600, "1 h 00 min"), (90_061, "25 h 01 min")],
)  # fmt: skip
def test_a_time_is_reported_in_its_own_unit(seconds: float, words: str) -> None:
    assert seconds_in_words(seconds) == words


def test_a_clock_that_is_behind_gives_no_negative_time() -> None:
    assert between(START, START - timedelta(seconds=3)) == "0.0 s"
