"""A report can be shared: it does not identify the account."""

from pathlib import Path

import pytest

from modelwharf.cli.selftest.redaction import redacted_text
from modelwharf.cli.selftest.report import in_words, write
from modelwharf.contracts.selftest import Comparison, Observed, SelftestReport

REPORT = SelftestReport(
    place="AWS, region eu-west-1",
    versions={},
    release="r-1",
    status="FAILED",
    observed=(
        Observed(id="start", comparison=Comparison.SAME, promised="one", seen="it did"),
        Observed(id="path", comparison=Comparison.DIFFERS, promised="all", seen="FAILED"),
    ),
    gaps=("log: denied",),
    stays=("a commit",),
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("arn:aws:iam::123456789012:role/train, and", "arn:…:iam:…:role…, and"),
        (
            'on arn:aws-cn:states:cn-north-1:123456789012:stateMachine:x\\n"',
            'on arn:…:states:…:stateMachine…\\n"',
        ),
        (
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "<account>.dkr.ecr.eu-west-1.amazonaws.com",
        ),
        ('"account":"123456789012"', '"account":"<account>"'),
        ("key AKIAIOSFODNN7EXAMPLE of ada@example.org", "key <key> of <address>"),
        ("kms 01234567-89ab-cdef-0123-456789abcdef", "kms <id>"),
        ("release r-0123456789abcdef in 12 s", "release r-0123456789abcdef in 12 s"),
    ],
)
def test_accounts_arns_keys_and_addresses_are_taken_out(text: str, told: str) -> None:
    assert redacted_text(text) == told


def test_what_differs_says_what_was_promised_and_what_could_not_be_seen_is_listed() -> None:
    text = in_words(REPORT)
    assert "✓ start: same\n    seen: it did" in text
    assert "✗ path: differs\n    promised: all\n    seen: FAILED" in text
    assert "could not be read:\n  log: denied" in text
    assert "stays:\n  a commit" in text


def test_the_files_are_the_user_s_alone(tmp_path: Path) -> None:
    for path in write(REPORT, tmp_path / "new"):
        assert path.stat().st_mode & 0o077 == 0
    assert SelftestReport.model_validate_json((tmp_path / "new/selftest-report.json").read_text())
    assert not REPORT.as_promised
