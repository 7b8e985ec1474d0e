from inference.limits import INLINE_BODY, INLINE_NANOSECONDS
from inference.way import KEY_LIMIT, KNOWN, Way, Ways
from tests.unit.inference.fakes import Adding

SLOW = 10 * INLINE_NANOSECONDS
QUICK = INLINE_NANOSECONDS // 10


def test_what_was_never_measured_is_taken_for_slow() -> None:
    way = Way(Adding())
    assert not way.quick(8)
    way.took(8, QUICK)
    assert way.quick(8)
    assert not way.quick(8000)  # another size


def test_one_outlier_does_not_make_a_way_slow_but_several_do() -> None:
    way = Way(Adding())
    way.took(8, QUICK)
    way.took(8, 1000 * SLOW)
    assert way.quick(8)
    for _ in range(10):
        way.took(8, SLOW)
    assert not way.quick(8)


def test_a_way_that_is_quick_again_is_found_so() -> None:
    way = Way(Adding())
    way.took(8, SLOW)
    for _ in range(5):
        way.took(8, QUICK)
    assert way.quick(8)


def test_a_large_body_is_never_quick() -> None:
    way = Way(Adding())
    way.took(INLINE_BODY + 1, 1)
    assert not way.quick(INLINE_BODY + 1)
    way.took(INLINE_BODY, 1)
    assert way.quick(INLINE_BODY)


def test_one_pair_of_headers_has_one_way() -> None:
    ways = Ways(Adding())
    assert ways.find(b"text/csv", b"") is ways.find(b"text/csv", b"")
    assert ways.find(b"text/csv", b"*/*") is not ways.find(b"text/csv", b"")


class Anything(Adding):
    def exchange(self, content_type: str, accept: str) -> Adding:
        return self


def test_ever_new_headers_take_no_memory() -> None:
    ways = Ways(Anything())
    for number in range(10 * KNOWN):
        ways.find(b"text/csv", b"q=%d" % number)
    assert len(ways._known) <= KNOWN
    long = b"x" * KEY_LIMIT
    assert ways.find(b"text/csv", long) is not ways.find(b"text/csv", long)
