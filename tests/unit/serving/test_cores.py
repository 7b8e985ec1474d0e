from pathlib import Path

import pytest

from modelwharf.serving.cores import cores


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("150000 100000", 1),
        ("50000 100000", 1),
        ("9900000 100000", 8),
    ],
)
def test_a_quota_of_cgroups_2_bounds_the_cores(tmp_path: Path, text: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(text + "\n")
    assert cores(cgroup=tmp_path, allowed=8) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("300000", 3), ("10000", 1)])
def test_a_quota_of_cgroups_1_bounds_the_cores(tmp_path: Path, quota: str, expected: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000")
    assert cores(cgroup=tmp_path, allowed=8) == expected


def test_without_a_quota_the_affinity_counts(tmp_path: Path) -> None:
    assert cores(cgroup=tmp_path, allowed=3) == 3
    assert cores(cgroup=tmp_path) >= 1
