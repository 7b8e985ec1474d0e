"""``wharf data sample`` prints a series that ``wharf data put`` takes; what kind an upload is."""

import csv
import json

import pytest
from click.testing import CliRunner

from modelwharf.cli.data_upload import content_type
from modelwharf.cli.main import wharf


@pytest.mark.parametrize("name", ["wti", "sp500"])
def test_a_sample_is_a_daily_series_in_order(name: str) -> None:
    rows = list(csv.DictReader(CliRunner().invoke(wharf, ["data", "sample", name]).stdout.split()))
    days = [row["Date"] for row in rows]
    assert days == sorted(set(days))
    assert all(float(row["Price"]) for row in rows)


def test_a_sample_as_json_says_its_last_day() -> None:
    answer = CliRunner().invoke(wharf, ["data", "sample", "wti", "--json"]).stdout
    series = json.loads(answer)
    assert series["csv"].splitlines()[-1].startswith(series["last_day"])


def test_an_unknown_sample_is_refused_with_the_known_ones() -> None:
    result = CliRunner().invoke(wharf, ["data", "sample", "tea"])
    assert result.exit_code == 2
    assert "'wti', 'sp500'" in result.stderr


@pytest.mark.parametrize(
    ("key", "kind"),
    [("tables/iris.csv", "text/csv"), ("tables/iris", "application/octet-stream")],
)
def test_an_object_is_of_the_kind_that_its_key_says(key: str, kind: str) -> None:
    assert content_type(key) == kind
