"""What people should know of a model that its figures do not say, in sentences."""

from collections.abc import Iterator, Mapping

from contracts.evaluation import Metric
from training.hyperparameters import Hyperparameters
from training.trust import Trust

WIDE = 0.15  # of coverage above the level; narrower intervals would do


def find(trust: Trust, metrics: Mapping[str, Metric], settings: Hyperparameters) -> tuple[str, ...]:
    """The sentences, which the gate's verdict and ``wharf show`` carry on."""
    return (*_random_walk(trust, settings), *_coverage(metrics, settings.interval_level))


def _random_walk(trust: Trust, settings: Hyperparameters) -> Iterator[str]:
    if settings.reach == 0:
        why = "the hyperparameter reach is 0"
    elif trust.weight == 0:
        why = (
            "on the days kept for calibration no weight on the features gained more than one "
            "standard error"
        )
    else:
        return
    yield (
        f"the model is the random walk, it forecasts the last price and its skill is 0 by "
        f"definition: {why} (docs/decisions/0014)"
    )


def _coverage(metrics: Mapping[str, Metric], level: float) -> Iterator[str]:
    gap = metrics["coverage_gap"]
    if gap.interval is None:
        return
    held = (
        f"the {level:.0%} intervals held {gap.value + level:.1%} of the holdout's prices "
        f"({gap.interval.level:.0%} confidence: {gap.interval.low + level:.1%} to "
        f"{gap.interval.high + level:.1%})"
    )
    if gap.interval.high < 0:
        yield f"{held}: narrower than they say, prices moved more than in the days before"
    if gap.interval.low > 0 and gap.value > WIDE:
        yield f"{held}: wider than they say"
