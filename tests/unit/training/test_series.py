from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.training.walks import CRASH, walk, write_raw
from training.options import Options
from training.rejected import Rejected
from training.series import Dataset, Series, read_dataset, read_series

DAYS = "Date,Price\n2020-01-02,61\n2020-01-03,63.05\n2020-01-06,{price}\n2020-01-07,62.7\n"


def read(tmp_path: Path, text: str, **options: object) -> Series:
    path = tmp_path / "wti.csv"
    path.write_bytes(text.encode())
    return read_series(path, "wti", Options.model_validate(options))


def reason(tmp_path: Path, text: str, **options: object) -> str:
    with pytest.raises(Rejected) as caught:
        read(tmp_path, text, **options)
    return str(caught.value)


@pytest.mark.parametrize("price", [CRASH, 0.0])
def test_a_price_may_be_negative_or_zero(tmp_path: Path, price: float) -> None:
    found = read(tmp_path, DAYS.format(price=price))
    assert found.prices.loc["2020-01-06"] == price


def test_a_few_missing_prices_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, DAYS.format(price=""), max_missing_share=0.5)
    assert found.missing == 1
    assert [f"{day:%d}" for day in found.prices.index] == ["02", "03", "07"]


def test_too_many_missing_prices_are_rejected_with_the_first_line(tmp_path: Path) -> None:
    message = reason(tmp_path, DAYS.format(price=""))
    assert "25.0% of the prices are missing (first: line 4); allowed are 5.0%" in message


def test_weekend_prices_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, "Date,Price\n2020-01-03,1\n2020-01-04,9\n2020-01-06,2\n")
    assert (found.weekends, list(found.prices)) == (1, [1.0, 2.0])


@pytest.mark.parametrize("price", ["inf", "6x", "1_000", "6,50", "1,234", "٦"])
def test_a_price_that_is_not_a_number_is_rejected_with_its_line(tmp_path: Path, price: str) -> None:
    text = DAYS.format(price=f'"{price}"')
    assert f"wti: line 4 has the price '{price}'" in reason(tmp_path, text)


@pytest.mark.parametrize("price", ["1e13", "-2e12", "1e300"])
def test_a_price_beyond_sense_is_rejected_with_its_line(tmp_path: Path, price: str) -> None:
    message = reason(tmp_path, DAYS.format(price=price))
    assert f"wti: line 4 has the price '{price}'; a price is at most 1e+12" in message


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_called_empty(tmp_path: Path, text: str) -> None:
    assert reason(tmp_path, text) == "wti: wti.csv is empty"


def test_unsorted_dates_are_rejected_with_both_lines(tmp_path: Path) -> None:
    message = reason(tmp_path, "Date,Price\n2020-01-03,1\n2020-01-02,2\n2020-01-06,3\n")
    assert message.startswith("wti: line 3 (2020-01-02) is before line 2 (2020-01-03); sort")


def test_a_file_with_the_newest_day_first_is_turned_round(tmp_path: Path) -> None:
    found = read(tmp_path, "Date,Price\n2020-01-06,3\n2020-01-03,2\n2020-01-02,1\n")
    assert list(found.prices) == [1.0, 2.0, 3.0]


def test_a_date_that_comes_twice_is_rejected(tmp_path: Path) -> None:
    message = reason(tmp_path, "Date,Price\n2020-01-03,1\n2020-01-03,2\n")
    assert message == "wti: line 3 repeats the date 2020-01-03; a day has one price"


@pytest.mark.parametrize("day", ["03/01/2020", "2020-13-01", "", "today"])
def test_a_date_in_another_notation_is_rejected(tmp_path: Path, day: str) -> None:
    message = reason(tmp_path, f"Date,Price\n2020-01-02,1\n{day},2\n")
    assert f"line 3 has the date {day!r}; dates are written YYYY-MM-DD" in message


def test_a_long_gap_is_rejected_with_its_ends(tmp_path: Path) -> None:
    message = reason(tmp_path, "Date,Price\n2020-01-02,1\n2020-01-20,2\n")
    assert "18 days without a price between 2020-01-02 and 2020-01-20; allowed are 10" in message


def test_a_missing_column_is_rejected_with_those_that_are_there(tmp_path: Path) -> None:
    message = reason(tmp_path, "DAY,VALUE,VOLUME\n2020-01-02,1,2\n")
    assert "column 'Price' is missing; wti.csv has: VALUE, VOLUME; name it" in message
    assert '{"price_column": {"wti": "VALUE"}}' in message
    assert "wharf config put data FILE" in message


def test_the_only_column_beside_the_days_needs_no_name(tmp_path: Path) -> None:
    found = read(tmp_path, "DAY,VALUE\n2020-01-02,1\n2020-01-03,2\n")
    assert list(found.prices) == [1.0, 2.0]
    assert found.source == "wti.csv, column 'VALUE'"


def test_a_named_column_that_is_not_there_is_not_replaced_by_another(tmp_path: Path) -> None:
    message = reason(tmp_path, "Date,VALUE\n2020-01-02,1\n", price_column="Price")
    assert "column 'Price' is missing; wti.csv has: VALUE" in message


def test_each_input_may_name_a_column_of_its_own(tmp_path: Path) -> None:
    text = "Date,{}\n2020-01-02,1\n2020-01-03,2\n2020-01-06,3\n"
    files = {"wti": text.format("DCOILWTICO,x"), "brent": text.format("DCOILBRENTEU,x")}
    columns = {"wti": "DCOILWTICO", "brent": "DCOILBRENTEU"}
    found = dataset_of(tmp_path, files, {"price_column": columns})
    assert [one.source for one in found.products] == [
        "wti.csv, column 'DCOILWTICO'",
        "brent.csv, column 'DCOILBRENTEU'",
    ]


def test_a_column_for_an_unknown_input_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="price_column names 'gold', which is not an input"):
        dataset_of(tmp_path, {"wti": walk(days=20)}, {"price_column": {"gold": "Close"}})


def test_what_is_wrong_in_two_inputs_is_reported_at_once(tmp_path: Path) -> None:
    files = {"wti": DAYS.format(price="6x"), "brent": DAYS.format(price="7y")}
    with pytest.raises(Rejected) as caught:
        dataset_of(tmp_path, files, {})
    assert "wti: line 4 has the price '6x'" in str(caught.value)
    assert "brent: line 4 has the price '7y'" in str(caught.value)


@pytest.mark.parametrize("ending", ["csv.gz", "xls", "CSV", "txt"])
def test_an_input_is_found_whatever_its_ending(tmp_path: Path, ending: str) -> None:
    folder = write_raw(tmp_path, {"wti": walk(days=20)}).processing_input
    (folder / "wti.csv").rename(folder / f"wti.{ending}")
    assert len(read_dataset(folder).products) == 1


def test_an_input_without_a_file_is_rejected_by_name(tmp_path: Path) -> None:
    folder = write_raw(tmp_path, {"wti": walk(days=20)}).processing_input
    (folder / "wti.csv").unlink()
    with pytest.raises(Rejected, match="wti: its file is missing"):
        read_dataset(folder)


def test_other_columns_can_be_named(tmp_path: Path) -> None:
    text = "DATE,VALUE\n2020-01-02,1\n2020-01-03,2\n"
    found = read(tmp_path, text, date_column="DATE", price_column="VALUE")
    assert list(found.prices) == [1.0, 2.0]


@pytest.mark.parametrize("text", ["", "Date,Price\n", "Date,Price\n1,2,3\n4,5,6,7\n"])
def test_a_file_that_is_not_a_table_is_rejected(tmp_path: Path, text: str) -> None:
    assert reason(tmp_path, text).startswith("wti: ")


def test_a_file_that_is_not_utf_8_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "wti.csv"
    path.write_bytes(b"Date,Price\n2020-01-02,\xff\n")
    with pytest.raises(Rejected, match=r"wti\.csv is not UTF-8: line 2 has the byte 0xff"):
        read_series(path, "wti", Options())


def dataset_of(tmp_path: Path, files: Mapping[str, str], options: Mapping[str, object]) -> Dataset:
    return read_dataset(write_raw(tmp_path, files, options).processing_input)


def test_inputs_named_in_features_are_not_products(tmp_path: Path) -> None:
    files = {"wti": walk(days=20), "sp500": walk(days=20, seed=1)}
    found = dataset_of(tmp_path, files, {"features": ["sp500"]})
    assert [one.name for one in found.products] == ["wti"]
    assert [one.name for one in found.features] == ["sp500"]


def test_a_feature_that_is_not_an_input_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="names 'gold', which is not an input; the inputs are: wti"):
        dataset_of(tmp_path, {"wti": walk(days=20)}, {"features": ["gold"]})


def test_an_unknown_option_is_rejected_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"unknown 'options\.gaps'; allowed: .*max_gap_days"):
        dataset_of(tmp_path, {"wti": walk(days=20)}, {"gaps": 3})


def test_an_option_out_of_range_is_rejected_with_its_value(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"options\.max_gap_days is 0, but"):
        dataset_of(tmp_path, {"wti": walk(days=20)}, {"max_gap_days": 0})


def test_a_product_that_ended_long_before_another_is_rejected_with_both_ways_out(
    tmp_path: Path,
) -> None:
    files = {"wti": walk(days=60), "brent": walk(days=30)}
    with pytest.raises(Rejected) as caught:
        dataset_of(tmp_path / "a", files, {})
    words = str(caught.value)
    assert "brent ends on 2015-02-11, but wti on 2015-03-25: a series may lag at most 10" in words
    assert "`wharf data put wti FILE brent FILE`" in words
    assert '{"ended": ["brent"]}' in words
    assert len(dataset_of(tmp_path / "b", files, {"ended": ["brent"]}).products) == 2


def test_a_feature_that_ended_long_before_the_product_is_rejected(tmp_path: Path) -> None:
    files = {"wti": walk(days=60), "sp500": walk(days=30)}
    words = r"sp500 ends on .*, but wti on .*at most 10 days.*leave it out of features"
    with pytest.raises(Rejected, match=words):
        dataset_of(tmp_path, files, {"features": ["sp500"]})
