from modelwharf.serving.limits import INLINE_BODY, INLINE_NANOSECONDS
from modelwharf.serving.timed_exchange import KEY_LIMIT, KNOWN, ExchangeCache, TimedExchange
from tests.unit.serving.fakes import Adding

SLOW = 10 * INLINE_NANOSECONDS
QUICK = INLINE_NANOSECONDS // 10


def test_what_was_never_measured_is_taken_for_slow() -> None:
    timed = TimedExchange(Adding())
    assert not timed.quick(8)
    timed.took(8, QUICK)
    assert timed.quick(8)
    assert not timed.quick(8000)  # another size


def test_one_outlier_does_not_make_an_exchange_slow_but_several_do() -> None:
    timed = TimedExchange(Adding())
    timed.took(8, QUICK)
    timed.took(8, 1000 * SLOW)
    assert timed.quick(8)
    for _ in range(10):
        timed.took(8, SLOW)
    assert not timed.quick(8)


def test_an_exchange_that_is_quick_again_is_found_so() -> None:
    timed = TimedExchange(Adding())
    timed.took(8, SLOW)
    for _ in range(5):
        timed.took(8, QUICK)
    assert timed.quick(8)


def test_a_large_body_is_never_quick() -> None:
    timed = TimedExchange(Adding())
    timed.took(INLINE_BODY + 1, 1)
    assert not timed.quick(INLINE_BODY + 1)
    timed.took(INLINE_BODY, 1)
    assert timed.quick(INLINE_BODY)


def test_one_pair_of_headers_has_one_exchange() -> None:
    exchanges = ExchangeCache(Adding())
    assert exchanges.find(b"text/csv", b"") is exchanges.find(b"text/csv", b"")
    assert exchanges.find(b"text/csv", b"*/*") is not exchanges.find(b"text/csv", b"")


class Anything(Adding):
    def exchange(self, content_type: str, accept: str) -> Adding:
        return self


def test_ever_new_headers_take_no_memory() -> None:
    exchanges = ExchangeCache(Anything())
    for number in range(10 * KNOWN):
        exchanges.find(b"text/csv", b"q=%d" % number)
    assert len(exchanges._known) <= KNOWN
    long = b"x" * KEY_LIMIT
    assert exchanges.find(b"text/csv", long) is not exchanges.find(b"text/csv", long)
