import json
from pathlib import Path

from tests.unit.training.walks import csv_text, walk, write_raw
from training.prepare import prepare
from training.series import read_dataset


def test_the_clean_data_reads_back_the_same(tmp_path: Path) -> None:
    prices = walk(days=50)
    folders = write_raw(tmp_path, {"wti": prices})
    prepare(folders)
    (product,) = read_dataset(folders.processing_output).products
    assert product.prices.tolist() == prices.tolist()


def test_the_report_tells_of_each_series(tmp_path: Path) -> None:
    folders = write_raw(
        tmp_path,
        {"wti": "Date,Price\n2020-04-17,18.31\n2020-04-20,-36.98\n2020-04-21,8.91\n"},
    )
    prepare(folders)
    report = json.loads((folders.processing_output / "report.json").read_text())
    assert report["rows"] == 3
    assert report["series"]["wti"] == {
        "role": "product",
        "rows": 3,
        "first": "2020-04-17",
        "last": "2020-04-21",
        "missing": 0,
        "weekends": 0,
        "largest_gap_days": 3,
        "lowest": -36.98,
        "highest": 18.31,
        "source": "wti.csv, column 'Price'",
    }


def fingerprint(folder: Path, text: str) -> str:
    return prepare(write_raw(folder, {"wti": text})).fingerprint


def test_the_fingerprint_is_of_the_prices_not_of_their_spelling(tmp_path: Path) -> None:
    text = csv_text(walk(days=30))
    spelled = text.replace("\n", "\r\n").replace("Date,Price", "Date,Price,Note", 1)
    spelled = "\r\n".join(
        line if number == 0 or not line else f"{line},x"
        for number, line in enumerate(spelled.split("\r\n"))
    )
    assert fingerprint(tmp_path / "a", text) == fingerprint(tmp_path / "b", spelled)


def test_the_fingerprint_changes_with_a_price(tmp_path: Path) -> None:
    prices = walk(days=30)
    changed = prices.copy()
    changed.iloc[3] += 0.01
    assert fingerprint(tmp_path / "a", csv_text(prices)) != fingerprint(
        tmp_path / "b", csv_text(changed)
    )


def test_the_fingerprint_changes_with_a_series_role(tmp_path: Path) -> None:
    files = {"wti": walk(days=30), "sp500": walk(days=30, seed=1)}
    product = prepare(write_raw(tmp_path / "a", files))
    feature = prepare(write_raw(tmp_path / "b", files, {"features": ["sp500"]}))
    assert product.fingerprint != feature.fingerprint
