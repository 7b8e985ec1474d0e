import numpy as np
import pytest

from training.evaluate import Bootstrap, evaluate
from training.predictions import Predictions

BOOTSTRAP = Bootstrap(resamples=200, seed=0)


def predictions(
    *, actual: np.ndarray, forecast: np.ndarray, origin: np.ndarray, horizon: np.ndarray
) -> Predictions:
    rows = len(actual)
    day = np.datetime64("2020-01-01") + np.arange(rows)
    return Predictions(
        product_names=("wti",),
        product=np.zeros(rows, dtype=np.int64),
        asked=day,
        target_date=day + horizon,
        horizon=horizon,
        origin_price=origin,
        actual=actual,
        forecast=forecast,
        low=forecast - 1,
        high=forecast + 1,
        level=0.8,
    )


def simple(rows: int = 200, error: float = 2.0, walk_error: float = 4.0) -> Predictions:
    actual = np.linspace(50, 60, rows)
    return predictions(
        actual=actual,
        forecast=actual + error,
        origin=actual - walk_error,
        horizon=np.arange(rows) % 30 + 1,
    )


def test_the_figures_are_those_of_the_errors() -> None:
    metrics = evaluate(simple(), BOOTSTRAP).metrics
    assert metrics["mae"].value == pytest.approx(2)
    assert metrics["rmse"].value == pytest.approx(2)
    assert metrics["mae_random_walk"].value == pytest.approx(4)
    assert metrics["skill"].value == pytest.approx(0.5)
    assert metrics["coverage"].value == 0
    assert metrics["mape"].value == pytest.approx(np.mean(2 / np.linspace(50, 60, 200)))


def test_the_random_walk_itself_has_no_skill() -> None:
    walk = simple(error=-4.0)
    assert evaluate(walk, BOOTSTRAP).metrics["skill"].value == pytest.approx(0)


def test_every_bucket_and_product_has_its_own_figures() -> None:
    slices = evaluate(simple(), BOOTSTRAP).slices
    assert list(slices["horizon"]) == ["1-5", "6-10", "11-20", "21-30"]
    assert list(slices["product"]) == ["wti"]
    assert slices["horizon"]["21-30"]["mae"].value == pytest.approx(2)


def test_prices_near_zero_are_left_out_of_mape_and_counted() -> None:
    actual = np.full(100, 50.0)
    actual[:3] = [-0.01, 0.0, 2.0]
    report = evaluate(
        predictions(
            actual=actual,
            forecast=actual + 1,
            origin=actual - 1,
            horizon=np.full(100, 5),
        ),
        BOOTSTRAP,
    )
    assert report.metrics["mape"].value == pytest.approx(1 / 50)
    assert report.metrics["mape_rows_left_out"].value == 3


def test_where_mape_leaves_nothing_out_no_figure_says_so() -> None:
    assert "mape_rows_left_out" not in evaluate(simple(), BOOTSTRAP).metrics


def test_a_negative_price_counts_by_its_size() -> None:
    actual = np.full(100, 50.0)
    actual[0] = -40.0
    report = evaluate(
        predictions(actual=actual, forecast=actual + 1, origin=actual - 1, horizon=np.full(100, 5)),
        BOOTSTRAP,
    )
    assert report.metrics["mape"].value == pytest.approx((99 / 50 + 1 / 40) / 100)


def test_a_walk_that_never_errs_leaves_skill_out() -> None:
    metrics = evaluate(simple(walk_error=0.0), BOOTSTRAP).metrics
    assert "skill" not in metrics
    assert metrics["mae"].value == pytest.approx(2)


def test_where_neither_errs_skill_is_zero() -> None:
    skill = evaluate(simple(error=0.0, walk_error=0.0), BOOTSTRAP).metrics["skill"]
    assert skill.value == 0
    assert skill.interval is not None
    assert (skill.interval.low, skill.interval.high) == (0, 0)


def test_the_interval_holds_the_value_and_widens_when_errors_cluster() -> None:
    rows = 400
    actual, horizon = np.full(rows, 50.0), np.full(rows, 5)
    scattered = np.where(np.arange(rows) % 2 == 0, 1.0, 3.0)
    clustered = np.where(np.arange(rows) < rows // 2, 1.0, 3.0)
    widths = []
    for error in (scattered, clustered):
        given = predictions(
            actual=actual, forecast=actual + error, origin=actual - 4, horizon=horizon
        )
        mae = evaluate(given, BOOTSTRAP).metrics["mae"]
        assert mae.interval is not None
        assert mae.interval.low <= mae.value <= mae.interval.high
        widths.append(mae.interval.high - mae.interval.low)
    assert widths[1] > 5 * widths[0]


def test_the_coverage_gap_is_what_is_above_the_intervals_level() -> None:
    given = simple()
    metrics = evaluate(given, BOOTSTRAP).metrics
    gap, coverage = metrics["coverage_gap"], metrics["coverage"]
    assert gap.value == pytest.approx(coverage.value - given.level)
    assert gap.interval is not None and coverage.interval is not None
    assert gap.interval.low == pytest.approx(coverage.interval.low - given.level)


def test_the_same_seed_gives_the_same_report() -> None:
    first, second = (evaluate(simple(), BOOTSTRAP).metrics for _ in range(2))
    assert first == second
