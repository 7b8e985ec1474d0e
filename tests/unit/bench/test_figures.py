import math

import pytest

from tests.bench.serving import figures
from tests.unit.bench.records import alone, results, sample, start


def test_a_rate_is_the_median_of_the_rounds() -> None:
    found = results(
        sample("ours", 90.0, round=1), sample("ours", 10.0, round=2), sample("ours", 50.0, round=3)
    )

    assert figures.typical(figures.one_row(found, "ours", "hgb"), "rate") == 50.0


def test_the_best_peer_is_the_fastest_server_that_is_not_ours() -> None:
    found = results(
        sample("ours", 4_000.0),
        sample("constant", 9_000.0),
        sample("fastapi", 80.0, format="json"),
        sample("mlserver", 100.0, format="v2 json"),
    )

    assert figures.best_peer(found, "hgb") == ("mlserver", 100.0)
    assert figures.vs_best_peer(found, "hgb") == 40.0


def test_only_one_row_of_csv_at_16_connections_of_one_worker_is_compared() -> None:
    found = results(
        sample("ours", 1.0),
        sample("ours", 2.0, connections=64),
        sample("ours", 3.0, workers=2),
        sample("ours", 4.0, format="json"),
        sample("ours", 5.0, rows=10),
    )

    assert [one.rate for one in figures.one_row(found, "ours", "hgb")] == [1.0]


def test_the_constant_gets_the_models_own_time_added_to_each_request() -> None:
    # 20 µs a request with a constant and 20 µs of the graph: 25,000 a second can be reached.
    found = results(
        sample("constant", 50_000.0), sample("ours", 20_000.0), alone(1, library=900.0, graph=20.0)
    )

    assert figures.vs_constant(found, "hgb") == pytest.approx(0.8)


def test_the_library_could_answer_as_many_as_its_own_time_allows() -> None:
    found = results(
        sample("ours", 300.0, rows=1_000, connections=2),
        sample("ours", 9.0, rows=1_000, connections=4),
        alone(1_000, library=10_000.0, graph=3_000.0),
    )

    assert figures.vs_library(found, "hgb", "csv") == pytest.approx(3.0)


def test_what_was_not_measured_is_not_a_number() -> None:
    empty = results()

    assert figures.best_peer(empty, "hgb")[0] == ""
    for figure in (figures.vs_best_peer, figures.vs_constant):
        assert math.isnan(figure(empty, "hgb"))
    assert math.isnan(figures.vs_library(empty, "hgb", "npy"))


def test_the_last_line_has_the_worst_of_the_models() -> None:
    found = results(
        sample("ours", 40.0, p99=0.5),
        sample("ours", 30.0, p99=0.9, model="rf"),
        sample("fastapi", 10.0),
        sample("fastapi", 1.0, model="rf"),
        start("ours", 0.2, rss=90.0),
        start("ours", 0.3, rss=190.0, model="rf"),
        start("ours", 0.4, rss=190.0, model="rf", cores=1),
    )

    assert figures.summary(found) == {
        "vs_best_peer": {"hgb": 4.0, "rf": 30.0},
        "vs_constant": None,
        "p99_ms": 0.9,
        "cold_s": 0.3,
        "rss_mib": 90.0,
    }


def test_a_workers_own_memory_leaves_the_parent_out() -> None:
    found = results(start("ours", 0.2, workers=2, private=(60.0, 11.0, 14.0)))

    assert figures.worker_mib(found, "hgb") == 14.0


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.99, 4), (0.01, 1), (1.0, 4)])
def test_a_quantile_is_one_of_the_values(share: float, value: int) -> None:
    assert figures.quantile([4, 1, 3, 2], share) == value


def test_a_server_that_waits_for_its_core_shows_in_the_share_of_it() -> None:
    found = results(sample("ours", 10_000.0, cpu=25.0), sample("ours", 40_000.0, cpu=25.0, rows=10))

    assert figures.core_share(found) == 0.25
