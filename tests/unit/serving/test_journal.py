"""Lines of the access log, and the figures of a minute."""

import json
from typing import Any

import pytest

from modelwharf.serving.journal import SAMPLE, SLOW_NANOSECONDS, UNWRITTEN, AccessLog, Journal
from modelwharf.serving.metrics import PERIOD, Metrics
from tests.waiting import HUNG, until

MILLISECOND = 1_000_000  # nanoseconds


def noted(kind: AccessLog, *requests: tuple[int, int]) -> list[dict[str, Any]]:
    """The lines for requests of these statuses and nanoseconds."""
    written: list[bytes] = []
    journal = Journal(kind, write=written.append)
    for status, total in requests:
        journal.note(status, "GET", '"/x"', b"id", {}, 0, 0, total=total)
    journal.close()
    lines = [json.loads(line) for line in b"".join(written).splitlines()]
    return [line for line in lines if "_aws" not in line]


def test_all_logs_every_request() -> None:
    assert len(noted(AccessLog.ALL, *[(200, MILLISECOND)] * 100)) == 100


def test_a_sample_is_bounded_but_errors_and_slow_answers_are_always_there() -> None:
    usual = [(200, MILLISECOND)] * 100
    lines = noted(AccessLog.SAMPLED, *usual, (400, 1), (503, 1), (200, SLOW_NANOSECONDS))
    assert [line["status"] for line in lines[SAMPLE:]] == [400, 503, 200]


def test_a_new_second_has_a_new_sample() -> None:
    written: list[bytes] = []
    journal = Journal(AccessLog.SAMPLED, write=written.append)
    for _ in range(2):
        for _ in range(100):
            journal.note(200, "GET", '"/x"', b"id", {}, 0, 0)
        journal.flush()  # once a second
    journal.close()
    assert b"".join(written).count(b'"status":200') == 2 * SAMPLE


def test_errors_alone_are_logged_on_request_and_nothing_when_off() -> None:
    requests = ((200, 1), (404, 1), (200, SLOW_NANOSECONDS))
    statuses = [line["status"] for line in noted(AccessLog.ERRORS, *requests)]
    assert statuses == [404, 200]
    assert noted(AccessLog.OFF, *requests) == []


@pytest.mark.parametrize("given", [b'"', b"a b", b"", b"x" * 129, b"\xff"])
def test_an_id_that_would_break_a_line_is_left_out(given: bytes) -> None:
    written: list[bytes] = []
    journal = Journal(AccessLog.ALL, write=written.append)
    headers = {b"x-amzn-sagemaker-inference-id": given, b"x-amzn-requestid": given}
    request_id = journal.request_id(headers)
    journal.note(200, "GET", '"/x"', request_id, headers, 0, 0)
    journal.close()
    line = json.loads(b"".join(written).splitlines()[0])
    assert line["inference_id"] is None
    assert line["request_id"] == request_id.decode() != given.decode("latin-1")


def test_lines_stay_whole_beside_those_of_other_processes() -> None:
    pieces: list[bytes] = []
    journal = Journal(AccessLog.ALL, write=pieces.append)
    for _ in range(500):
        journal.note(200, "GET", '"/x"', b"id", {}, 0, 0)
    journal.close()
    assert len(pieces) > 1
    assert all(piece.endswith(b"\n") and len(piece) <= 4096 for piece in pieces)


def test_a_log_that_nobody_reads_does_not_fill_the_memory() -> None:
    import threading

    reads = threading.Event()
    written: list[bytes] = []

    def write(text: bytes) -> None:
        assert reads.wait(HUNG)
        written.append(text)

    journal = Journal(AccessLog.ALL, write=write)
    path = '"' + "x" * 200 + '"'
    for _ in range(4):
        for _ in range(UNWRITTEN // 800):
            journal.note(200, "GET", path, b"id", {}, 0, 0)
        journal.flush()
    reads.set()
    journal.close()
    assert sum(map(len, written)) <= UNWRITTEN


def test_a_busy_second_is_written_whole() -> None:
    written: list[bytes] = []
    journal = Journal(AccessLog.ALL, write=written.append)
    path = json.dumps("x" * 200)
    count = UNWRITTEN // 400  # more bytes than may wait at a time
    for number in range(count):
        journal.note(200, "GET", path, b"id", {}, 0, 0)
        if not number % 1000:
            until(lambda: journal._writer._given == journal._writer._written)
    journal.close()
    assert b"".join(written).count(path.encode()) == count


def figures(metrics: Metrics) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(metrics.line(1000.0))
    return found


def test_the_figures_name_what_cloudwatch_is_to_make_of_them() -> None:
    metrics = Metrics()
    metrics.note(200, 3, 5000)
    found = figures(metrics)
    (directive,) = found["_aws"]["CloudWatchMetrics"]
    assert found["_aws"]["Timestamp"] == 1_000_000
    assert all(metric["Name"] in found for metric in directive["Metrics"])
    assert directive["Dimensions"] == [[]]


def test_the_figures_count_since_the_last_ones() -> None:
    metrics = Metrics()
    for status in (200, 200, 404, 500):
        metrics.note(status, 2, 5000)
    found = figures(metrics)
    assert [found[name] for name in ("Requests", "Errors4xx", "Errors5xx", "Rows")] == [4, 1, 1, 8]
    assert metrics.line(1001.0) == ""


def test_percentiles_are_right_to_their_bucket() -> None:
    metrics = Metrics()
    for microseconds in range(1, 10_001):
        metrics.note(200, 1, microseconds * 1000)
    found = figures(metrics)
    for name, exact in (("LatencyP50", 5000), ("LatencyP90", 9000), ("LatencyP99", 9900)):
        assert exact <= found[name] <= exact * 1.0625
    assert found["LatencyMax"] == 10_000


@pytest.mark.parametrize("nanoseconds", [0, 1, 15, 16, 31, 32, 33, 10**12])
def test_a_percentile_of_one_answer_is_near_it(nanoseconds: int) -> None:
    metrics = Metrics()
    metrics.note(200, 1, nanoseconds)
    assert figures(metrics)["LatencyP50"] == nanoseconds / 1000


def test_the_figures_come_once_a_minute() -> None:
    metrics = Metrics()
    metrics.note(200, 1, 1)
    assert metrics.line_if_due(100.0) == ""
    assert metrics.line_if_due(100.0 + PERIOD - 1) == ""
    assert metrics.line_if_due(100.0 + PERIOD) != ""
    metrics.note(200, 1, 1)
    assert metrics.line_if_due(101.0 + PERIOD) == ""
