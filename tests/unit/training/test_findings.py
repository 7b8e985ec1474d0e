"""What is said of a model beside its figures."""

from dataclasses import replace

from modelwharf.artifact.evaluation import Interval, Metric
from training.evaluate import LEFT_OUT
from training.findings import find
from training.hyperparameters import Hyperparameters
from training.trust import Trust

SETTINGS = Hyperparameters()


def trust(weight: float) -> Trust:
    return Trust(weight=weight, limit=1.0, gain=0.0, error=0.1, blocks=9)


def coverage_gap(value: float, low: float, high: float) -> dict[str, Metric]:
    interval = Interval(low=low, high=high, level=0.95)
    return {"coverage_gap": Metric(value=value, interval=interval)}


FITTING = coverage_gap(-0.01, -0.1, 0.1)


def test_a_model_with_fitting_intervals_needs_no_words() -> None:
    assert find(trust(0.5), FITTING, SETTINGS) == ()


def test_that_the_model_is_the_random_walk_is_said_with_the_reason() -> None:
    (sentence,) = find(trust(0.0), FITTING, SETTINGS)
    assert sentence == (
        "the forecast is the last price (the random walk), whose skill is 0 by definition: none "
        "of the features improved on it by more than chance, in 9 stretches of 30 or more "
        "calibration days (Modelwharf's decision 14)"
    )


def test_too_few_days_to_tell_are_not_called_chance() -> None:
    (sentence,) = find(replace(trust(0.0), blocks=3), FITTING, SETTINGS)
    assert "the 90 or so calibration days are too few to tell" in sentence
    assert "120 are needed" in sentence


def test_what_mape_leaves_out_is_said_in_words() -> None:
    (sentence,) = find(trust(0.5), FITTING | {LEFT_OUT: Metric(value=1203.0)}, SETTINGS)
    assert sentence.startswith("mape leaves out 1,203 forecasts of prices so close to zero")


def test_a_random_walk_that_the_settings_ask_for_is_called_so() -> None:
    (sentence,) = find(trust(1.0), FITTING, Hyperparameters(reach=0))
    assert "the hyperparameter reach is 0" in sentence


def test_intervals_that_are_surely_too_narrow_are_named_with_both_figures() -> None:
    (sentence,) = find(trust(1.0), coverage_gap(-0.144, -0.294, -0.01), SETTINGS)
    assert sentence.startswith(
        "the 80% intervals are too narrow: they held 65.6% of the holdout's prices "
        "(with 95% confidence 50.6% to 79.0%)"
    )


def test_intervals_that_are_surely_too_wide_are_named() -> None:
    (sentence,) = find(trust(1.0), coverage_gap(0.19, 0.15, 0.2), SETTINGS)
    assert sentence.startswith("the 80% intervals are too wide: they held 99.0%")
