"""What the prepare program tells of a past that changed, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.unit.training.walks import walk, write_raw
from training.folders import Folders
from training.prepare import DataReport, prepare
from training.rejected import Rejected

BEFORE = walk(days=1200)


def served(base: Path, files: dict[str, pd.Series], options: dict[str, Any] | None = None) -> None:
    """What a release that serves has left, as a processing job finds it."""
    folders = write_raw(base / "before", files, options)
    prepare(folders)
    target = Folders(base / "now").processing_previous
    target.parent.mkdir(parents=True)
    folders.processing_output.rename(target)


def after(base: Path, prices: pd.Series, **options: Any) -> DataReport:
    served(base, {"wti": BEFORE})
    return prepare(write_raw(base / "now", {"wti": prices}, options))


def test_a_first_release_has_nothing_to_compare_with(tmp_path: Path) -> None:
    report = prepare(write_raw(tmp_path, {"wti": BEFORE}))
    assert report.findings == ()
    assert report.revisions == {}


def test_new_days_after_the_old_ones_are_not_a_revision(tmp_path: Path) -> None:
    later = pd.Series([BEFORE.iloc[-1]], index=[BEFORE.index[-1] + pd.offsets.BDay()])
    report = after(tmp_path, pd.concat([BEFORE, later]))
    assert report.findings == ()
    assert report.revisions == {}


def test_what_was_revised_vanished_or_added_is_counted_with_the_first_day(tmp_path: Path) -> None:
    prices = BEFORE.drop(BEFORE.index[[7, 9]])
    prices.iloc[20] += 0.1
    prices.iloc[30] -= 1.5
    holiday = BEFORE.index[0] + pd.offsets.BDay(
        next(n for n in range(1, 1200) if BEFORE.index[0] + pd.offsets.BDay(n) not in BEFORE.index)
    )
    prices = pd.concat([prices, pd.Series([60.0], index=[holiday])]).sort_index()
    report = after(tmp_path, prices, confirmed={"wti": "all"})
    found = json.loads((tmp_path / "now/processing/output/report.json").read_text())
    revision = found["revisions"]["wti"]
    assert (revision["revised"], revision["vanished"], revision["added"]) == (2, 2, 1)
    assert revision["first_vanished"] == f"{BEFORE.index[7]:%Y-%m-%d}"
    assert revision["first_added"] == f"{holiday:%Y-%m-%d}"
    assert revision["largest_change"] == -1.5
    assert found["findings"] == list(report.findings)
    (sentence,) = report.findings
    assert f"2 of {len(BEFORE):,} were revised" in sentence
    assert "the most by -1.5" in sentence
    assert f"2 are gone (the first on {BEFORE.index[7]:%Y-%m-%d})" in sentence
    assert f"1 were added (the first on {holiday:%Y-%m-%d})" in sentence


def test_a_file_that_ends_earlier_than_what_serves_is_reported(tmp_path: Path) -> None:
    (sentence,) = after(tmp_path, BEFORE[:-3]).findings
    assert f"3 are gone (the first on {BEFORE.index[-3]:%Y-%m-%d})" in sentence


def test_a_file_that_lost_most_of_its_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        after(tmp_path, BEFORE[-560:])
    lost, day = len(BEFORE) - 560, f"{BEFORE.index[-1]:%Y-%m-%d}"
    words = str(caught.value)
    assert f"{lost:,} are gone (the file has {BEFORE.index[-560]:%Y-%m-%d} to {day}, not" in words
    assert f'{{"replaced": {{"wti": "{day}"}}}}' in words


def test_a_lost_history_is_reported_beside_what_else_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        after(tmp_path, BEFORE[-80:])
    assert "are gone (the file has" in str(caught.value)
    assert "wti: 80 prices, and a first forecast needs 250" in str(caught.value)


def test_another_series_under_the_same_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="differ by more than a usual day's change"):
        after(tmp_path, BEFORE + 5)


def test_a_history_replaced_on_purpose_is_released_and_reported(tmp_path: Path) -> None:
    day = f"{BEFORE.index[-1]:%Y-%m-%d}"
    (sentence,) = after(tmp_path, BEFORE + 5, replaced={"wti": day}).findings
    assert f"{len(BEFORE):,} of {len(BEFORE):,} were revised" in sentence


def test_the_leave_for_one_replacement_is_none_for_the_next(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="say so under `options`"):
        after(tmp_path, BEFORE + 5, replaced={"wti": f"{BEFORE.index[-2]:%Y-%m-%d}"})


def test_a_series_that_is_adjusted_anew_each_time_may_be_replaced_always(tmp_path: Path) -> None:
    assert after(tmp_path, BEFORE + 5, replaced={"wti": "always"}).findings


def test_an_input_that_is_gone_is_reported(tmp_path: Path) -> None:
    served(tmp_path, {"wti": BEFORE, "brent": walk(days=1200, seed=1)})
    report = prepare(write_raw(tmp_path / "now", {"wti": BEFORE}))
    assert report.findings == (
        "brent: the serving release was trained on it, and it is no longer an input",
    )


def test_data_of_another_program_refuse_nothing(tmp_path: Path) -> None:
    folders = write_raw(tmp_path, {"wti": BEFORE})
    folders.processing_previous.mkdir()
    (folders.processing_previous / "data.json").write_text('{"rows": 3}')
    (sentence,) = prepare(folders).findings
    assert sentence.startswith("not compared with the serving release's data: data.json")
