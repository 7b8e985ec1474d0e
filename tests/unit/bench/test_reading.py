import json
from pathlib import Path

import numpy as np
import pytest

from tests.bench.serving import access_log, bodies, load, models


def test_wrks_microseconds_become_milliseconds_and_failures_are_not_answers() -> None:
    output = (
        "Running 2s test\n"
        'JSON {"requests": 1100, "us": 2000000, "p50": 300, "p99": 900, "worst": 4000,'
        ' "failed": 100, "broken": 1}\n'
    )

    seen = load.parsed(output)

    assert (seen.rate, seen.p50, seen.p99, seen.worst) == (500.0, 0.3, 0.9, 4.0)
    assert (seen.failed, seen.broken) == (100, 1)


def test_the_log_tells_the_steps_of_well_answered_one_row_requests(tmp_path: Path) -> None:
    def line(status: int, rows: int, parse: int) -> str:
        times = {"parse_us": parse, "predict_us": 9, "write_us": 0}
        return json.dumps(
            {"time": "now", "status": status, "rows": rows, **times}, separators=(",", ":")
        )

    log = tmp_path / "log"
    lines = [line(200, 1, 2), line(200, 1, 3), line(400, 1, 70), line(200, 1_000, 700)]
    log.write_text("\n".join(["INFO inference: serving", *lines]))

    (found,) = access_log.split(log, "hgb")

    assert (found.lines, found.parse, found.predict, found.write) == (2, 3.0, 9.5, 0.5)


def test_a_log_without_lines_tells_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("INFO inference: serving\n")

    assert access_log.split(log, "hgb") == []


@pytest.mark.parametrize("size", [1, 10, 100, 1_000, 10_000])
def test_requests_are_different_batches_of_the_size_asked_for(size: int) -> None:
    rows = np.arange(12_000 * 20, dtype=float).reshape(-1, 20)

    batches = bodies.batches(rows, size)

    assert {len(batch) for batch in batches} == {size}
    assert len({float(batch[0, 0]) for batch in batches}) == len(batches) > 1


def test_rows_survive_csv_bit_for_bit() -> None:
    rows = np.array([[0.1 + 0.2, 1e-300], [1 / 3, -0.0]])

    written = bodies.CSV.write(rows).decode()

    again = [[float(cell) for cell in line.split(",")] for line in written.splitlines()]
    assert np.array(again).tobytes() == rows.tobytes()


def test_the_walk_is_the_same_for_everybody_and_stays_a_price() -> None:
    walk = models.prices(500)

    assert np.array_equal(walk, models.prices(500))
    assert walk.min() >= 12
    rows, answers = models.lagged(walk)
    assert rows[1, -1] == answers[0]
