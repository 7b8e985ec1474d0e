"""Which findings of other programs stand, and which stop the run."""

from pathlib import Path

import pytest

from tests.policies import page
from tests.policies.findings import Excepted, Finding, Report, excepted, reason_of, stale

KMS = Finding("checkov", "CKV_AWS_158", "BuildLog", "not encrypted by KMS")
STANDS = Excepted(tool="checkov", check="CKV_AWS_158", where="*Log", reason="Logs' own key.")


def report(*findings: Finding) -> Report:
    return Report("checkov", "3", "checks of resources", 9, findings)


def test_a_finding_that_an_exception_covers_has_its_reason() -> None:
    assert reason_of(KMS, [STANDS]) == "Logs' own key."


@pytest.mark.parametrize(
    "other",
    [
        Finding("parliament", "CKV_AWS_158", "BuildLog", ""),
        Finding("checkov", "CKV_AWS_18", "BuildLog", ""),
        Finding("checkov", "CKV_AWS_158", "Bucket", ""),
    ],
)
def test_a_finding_of_another_tool_rule_or_place_has_none(other: Finding) -> None:
    assert reason_of(other, [STANDS]) is None


def test_an_exception_may_cover_a_part_of_what_a_rule_finds_in_one_place() -> None:
    narrow = Excepted(tool="t", check="c", where="*", what="*iam:passrole*", reason="r")

    assert reason_of(Finding("t", "c", "Role", "['iam:passrole']"), [narrow]) == "r"
    assert reason_of(Finding("t", "c", "Role", "['iam:putrolepolicy']"), [narrow]) is None


def test_an_exception_whose_finding_is_gone_is_stale() -> None:
    gone = Excepted(tool="checkov", check="CKV_AWS_18", where="*", reason="r")

    assert stale([report(KMS)], [STANDS, gone]) == [gone]


def test_an_exception_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "exceptions.toml"
    file.write_text('[[exception]]\ntool = "t"\ncheck = "c"\nwhere = "*"\nreason = " "\n')

    with pytest.raises(ValueError, match="no reason for t c"):
        excepted(file)


def test_the_page_keeps_its_text_and_names_each_reason_once() -> None:
    findings = [Finding("t", "c", f"Log{n}", "", "r") for n in range(5)]
    text = page.written(f"# Text\n{page.MARK}old", [report(*findings)], [])

    assert text.startswith(f"# Text\n{page.MARK}")
    assert "old" not in text
    assert "| checkov 3 | 9 checks of resources | 5 | 5 |\n" in text
    assert text.count("| r |") == 1
    assert "| Log0 and others |" in text
