import json
from pathlib import Path

import pytest

from tests.unit.training.walks import csv_text, walk, write_raw
from training.folders import Folders
from training.prepare import prepare
from training.rejected import Rejected
from training.series import read_dataset


def test_the_clean_data_reads_back_the_same(tmp_path: Path) -> None:
    prices = walk(days=600)
    folders = write_raw(tmp_path, {"wti": prices})
    prepare(folders)
    (product,) = read_dataset(folders.processing_output).products
    assert product.prices.tolist() == prices.tolist()


def test_the_report_tells_of_each_series(tmp_path: Path) -> None:
    prices = walk(days=600)
    folders = write_raw(tmp_path, {"wti": prices})
    prepare(folders)
    report = json.loads((folders.processing_output / "report.json").read_text())
    assert report["rows"] == len(prices)
    assert report["series"]["wti"] == {
        "role": "product",
        "rows": len(prices),
        "first": "2015-01-01",
        "last": f"{prices.index[-1]:%Y-%m-%d}",
        "missing": 0,
        "weekends": 0,
        "largest_gap_days": int(prices.index.to_series().diff().dt.days.max()),
        "lowest": -36.98,
        "highest": prices.max(),
        "source": "wti.csv, column 'Price'",
    }


def test_an_implausible_price_is_reported_beside_a_fault_of_its_file_and_of_another(
    tmp_path: Path,
) -> None:
    lines = csv_text(walk(days=600)).splitlines()
    lines[100] = f"{lines[100].partition(',')[0]},0"
    lines[200] = f"{lines[200].partition(',')[0]},abc"
    brent = walk(days=600, seed=1)
    brent.iloc[99] = 0.0
    files = {"wti": "\n".join(lines), "brent": brent}
    with pytest.raises(Rejected) as caught:
        prepare(write_raw(tmp_path, files))
    told = str(caught.value)
    assert "wti: line 201 has the price 'abc'" in told
    assert f"wti: no neighbour supports this price: {lines[100].partition(',')[0]} has 0" in told
    assert f"brent: no neighbour supports this price: {brent.index[99]:%Y-%m-%d} has 0" in told


def test_prices_that_never_move_are_reported(tmp_path: Path) -> None:
    still = walk(days=600) * 0 + 50
    report = prepare(write_raw(tmp_path, {"wti": walk(days=600), "fee": still}))
    assert report.findings == (f"fee: all of its {len(still):,} prices are 50",)


def reason(folders: Folders) -> str:
    with pytest.raises(Rejected) as caught:
        prepare(folders)
    return str(caught.value)


def test_a_series_too_short_to_train_on_is_refused_before_training(tmp_path: Path) -> None:
    prices = walk(days=400)
    message = reason(write_raw(tmp_path, {"wti": prices}))
    assert f"a forecast can be asked from {len(prices) - 249} days" in message
    assert "269 are needed: 120 to learn from, 89 for the intervals (calibration_days)" in message
    assert "and 60 to judge by (holdout_days)" in message
    assert "at 60, 240 days are enough" in message


def test_what_training_will_be_told_counts_in_what_it_needs(tmp_path: Path) -> None:
    folders = write_raw(tmp_path, {"wti": walk(days=520)})
    folders.processing_hyperparameters.write_text('{"holdout_days": "60", "reach": "no"}')
    assert "hyperparameters: reach is 'no'" in reason(folders)
    folders.processing_hyperparameters.write_text(
        '{"holdout_days": "60", "calibration_days": "60"}'
    )
    prepare(folders)


def test_every_product_without_a_first_forecast_is_named(tmp_path: Path) -> None:
    message = reason(write_raw(tmp_path, {"wti": walk(days=200), "brent": walk(days=205)}))
    assert "wti: 195 prices, and a first forecast needs 250" in message
    assert "brent: 200 prices, and a first forecast needs 250" in message


def test_a_feature_of_other_years_is_named_with_its_span(tmp_path: Path) -> None:
    files = {"wti": walk(days=600), "sp500": walk(days=50, start="2017-02-20")}
    message = reason(write_raw(tmp_path, files, {"features": ["sp500"]}))
    assert "on no day from the 250th of them on has each feature 61 prices behind it" in message
    assert "(sp500: 49 prices from 2017-02-20" in message


def fingerprint(folder: Path, text: str) -> str:
    return prepare(write_raw(folder, {"wti": text})).fingerprint


def test_the_fingerprint_is_of_the_prices_not_of_their_spelling(tmp_path: Path) -> None:
    text = csv_text(walk(days=600))
    spelled = text.replace("\n", "\r\n").replace("Date,Price", "Date,Price,Note", 1)
    spelled = "\r\n".join(
        line if number == 0 or not line else f"{line},x"
        for number, line in enumerate(spelled.split("\r\n"))
    )
    assert fingerprint(tmp_path / "a", text) == fingerprint(tmp_path / "b", spelled)


def test_the_fingerprint_changes_with_a_price(tmp_path: Path) -> None:
    prices = walk(days=600)
    changed = prices.copy()
    changed.iloc[3] += 0.01
    assert fingerprint(tmp_path / "a", csv_text(prices)) != fingerprint(
        tmp_path / "b", csv_text(changed)
    )


def test_the_fingerprint_changes_with_a_series_role(tmp_path: Path) -> None:
    files = {"wti": walk(days=600), "sp500": walk(days=600, seed=1)}
    product = prepare(write_raw(tmp_path / "a", files))
    feature = prepare(write_raw(tmp_path / "b", files, {"features": ["sp500"]}))
    assert product.fingerprint != feature.fingerprint
