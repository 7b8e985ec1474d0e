import numpy as np
import pandas as pd
import pytest

from tests.unit.training.walks import dataset, walk
from training.features import Examples, Origins, find_examples, find_origins
from training.hyperparameters import Hyperparameters
from training.rejected import Rejected
from training.split import Split, split

PRODUCTS = {"wti": walk(days=900), "brent": walk(days=860, seed=1)}


def made(**settings: int) -> tuple[Origins, Examples, Split]:
    data = dataset(PRODUCTS)
    origins = find_origins(data)
    examples = find_examples(data, origins)
    return origins, examples, split(origins, examples, Hyperparameters(**settings))


def test_no_answer_of_an_earlier_part_is_known_only_in_a_later_one() -> None:
    origins, _, parts = made()
    assert parts.training.target_date.max() < parts.calibration_start
    assert origins.date[parts.calibration.origin].min() >= parts.calibration_start
    assert parts.calibration.target_date.max() < parts.holdout_start
    assert origins.date[parts.holdout.origin].min() >= parts.holdout_start


def test_what_reaches_across_a_boundary_is_in_no_part() -> None:
    origins, examples, parts = made()
    kept = len(parts.training) + len(parts.calibration) + len(parts.holdout)
    asked = origins.date[examples.origin]
    across = [
        ((asked < start) & (examples.target_date >= start)).sum()
        for start in (parts.calibration_start, parts.holdout_start)
    ]
    assert min(across) > 0
    assert kept == len(examples) - sum(across)


def test_the_product_that_ends_first_still_has_the_whole_holdout() -> None:
    origins, _, parts = made(holdout_days=80, calibration_days=90)
    brent = origins.of(1) & (origins.date >= parts.holdout_start)
    wti = origins.of(0) & (origins.date >= parts.holdout_start)
    # Days are the union of both products': each lacks a few of the other's.
    assert 70 <= brent.sum() <= 80 < wti.sum()


def test_every_product_is_in_every_part() -> None:
    origins, _, parts = made()
    for part in (parts.training, parts.calibration, parts.holdout):
        assert set(origins.product[part.origin]) == {0, 1}


def test_data_too_short_is_rejected_with_what_it_needs() -> None:
    with pytest.raises(Rejected, match=r"820 are needed: .* 400 for .* and 300 to judge"):
        made(holdout_days=300, calibration_days=400)


def test_products_that_do_not_overlap_are_rejected_by_name() -> None:
    data = dataset({"wti": walk(days=1000), "gold": walk(days=400, start="2018-01-01")})
    origins = find_origins(data)
    with pytest.raises(Rejected, match=r"gold: of its .* falls into the training part"):
        split(origins, find_examples(data, origins), Hyperparameters())


def test_prices_a_quarter_of_a_year_apart_have_no_answers_to_learn_from() -> None:
    quarters = pd.Series(
        np.linspace(60, 80, 900), index=pd.bdate_range("1800-01-01", periods=900, freq="BQE")
    )
    data = dataset({"wti": quarters})
    origins = find_origins(data)
    with pytest.raises(Rejected) as caught:
        split(origins, find_examples(data, origins), Hyperparameters())
    assert "none with a known answer within 30 business days falls into" in str(caught.value)
    assert "at most some weeks apart" in str(caught.value)


def test_the_holdout_is_the_end() -> None:
    origins, examples, parts = made()
    assert parts.holdout.target_date.max() == examples.target_date.max()
    assert np.isin(origins.date.max(), origins.date[origins.date >= parts.holdout_start])
