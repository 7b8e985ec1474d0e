"""Sentences about a model, for people; the metrics do not say this."""

from collections.abc import Iterator, Mapping

from modelwharf.artifact.evaluation import Metric
from training.evaluate import LEFT_OUT
from training.features import HORIZON_DAYS
from training.hyperparameters import Hyperparameters
from training.trust import MINIMUM_BLOCKS, Trust

WIDE = 0.15  # of coverage above the level; narrower intervals would suffice


def find(trust: Trust, metrics: Mapping[str, Metric], settings: Hyperparameters) -> tuple[str, ...]:
    """The sentences, for the gate's verdict and ``wharf show``."""
    return (
        *_random_walk(trust, settings),
        *_coverage(metrics, settings.interval_level),
        *_left_out(metrics),
    )


def _random_walk(trust: Trust, settings: Hyperparameters) -> Iterator[str]:
    """The reason, for a reader who does not know weights and blocks."""
    if settings.reach == 0:
        why = "the hyperparameter reach is 0, so the features may not change it"
    elif trust.weight == 0 and trust.blocks < MINIMUM_BLOCKS:
        why = (
            f"the {trust.blocks * HORIZON_DAYS} or so calibration days are too few to tell whether "
            f"the features improve on it, {MINIMUM_BLOCKS * HORIZON_DAYS} are needed"
        )
    elif trust.weight == 0:
        why = (
            f"none of the features improved on it by more than chance, in {trust.blocks} "
            f"stretches of {HORIZON_DAYS} or more calibration days"
        )
    else:
        return
    yield (
        f"the forecast is the last price (the random walk), whose skill is 0 by definition: {why} "
        "(Modelwharf's decision 14)"
    )


def _coverage(metrics: Mapping[str, Metric], level: float) -> Iterator[str]:
    gap = metrics["coverage_gap"]
    if gap.interval is None:
        return
    held = (
        f"they held {gap.value + level:.1%} of the holdout's prices "
        f"(with {gap.interval.level:.0%} confidence {gap.interval.low + level:.1%} to "
        f"{gap.interval.high + level:.1%})"
    )
    if gap.interval.high < 0:
        yield (
            f"the {level:.0%} intervals are too narrow: {held}; prices moved more there than in "
            "the days that the intervals are from"
        )
    if gap.interval.low > 0 and gap.value > WIDE:
        yield (
            f"the {level:.0%} intervals are too wide: {held}; prices moved less there than in the "
            "days that the intervals are from"
        )


def _left_out(metrics: Mapping[str, Metric]) -> Iterator[str]:
    if LEFT_OUT in metrics:
        yield (
            f"mape leaves out {metrics[LEFT_OUT].value:,.0f} forecasts of prices so close to zero "
            "that an error has no sensible share of them; mae and skill count them"
        )
