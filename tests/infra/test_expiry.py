"""docs/what-expires.md, against the template."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from modelwharf.contracts.capture import CAPTURE_PREFIX
from tests.infra import cdk
from tests.infra.template import Template

PAGE = (Path(__file__).parents[2] / "docs" / "what-expires.md").read_text()


def row(begin: str) -> str:
    (found,) = [line for line in PAGE.splitlines() if line.startswith(f"| {begin}")]
    return found


def days(line: str) -> int:
    return int(re.findall(r"(\d+) days", line)[0])


def rules_of(bucket: Any) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = bucket.properties["LifecycleConfiguration"]["Rules"]
    return rules


def test_old_versions_and_unfinished_uploads_go_from_every_bucket(template: Template) -> None:
    buckets = list(template.of_type("AWS::S3::Bucket"))
    assert len(buckets) == 2
    for bucket in buckets:
        (rule,) = [one for one in rules_of(bucket) if "NoncurrentVersionExpiration" in one]
        assert rule["NoncurrentVersionExpiration"] == {
            "NoncurrentDays": days(row("overwritten and deleted")),
            "NewerNoncurrentVersions": cdk.KEPT_VERSIONS,
        }
        assert f"newest {cdk.KEPT_VERSIONS} " in row("overwritten and deleted")
        unfinished = rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        assert unfinished == days(row("parts of unfinished uploads"))
        assert "Prefix" not in rule
        assert {"ExpiredObjectDeleteMarker": True, "Status": "Enabled"} in rules_of(bucket)


def test_no_current_object_goes_but_what_was_captured(template: Template) -> None:
    expiring = [
        rule
        for bucket in template.of_type("AWS::S3::Bucket")
        for rule in rules_of(bucket)
        if "ExpirationInDays" in rule
    ]
    captured = {"Prefix": f"{CAPTURE_PREFIX}/", "ExpirationInDays": days(row("captured"))}
    assert expiring == [{**captured, "Status": "Enabled"}]


def test_every_log_group_has_a_limit(template: Template) -> None:
    groups = list(template.of_type("AWS::Logs::LogGroup"))
    names = {str(group.properties["LogGroupName"]) for group in groups}
    assert "/aws/sagemaker/Endpoints/oil-price" in names
    assert not any("TrainingJobs" in name or "ProcessingJobs" in name for name in names)
    limits = {group.properties["RetentionInDays"] for group in groups}
    assert limits == {days(row("logs of"))}


def test_images_go_only_far_behind_the_newest(template: Template) -> None:
    for repository in template.of_type("AWS::ECR::Repository"):
        text = repository.properties["LifecyclePolicy"]["LifecyclePolicyText"]
        kept = {
            rule["selection"]["tagStatus"]: rule["selection"]["countNumber"]
            for rule in json.loads(text)["rules"]
        }
        assert kept == {"untagged": days(row("image layers")), "any": cdk.KEPT_IMAGES}
    assert f"newest {cdk.KEPT_IMAGES} " in row("images")


def test_the_settings_are_those_of_the_page() -> None:
    environment = {
        "WHARF_LOG_DAYS": "30",
        "WHARF_NONCURRENT_DAYS": "31",
        "WHARF_CAPTURE_DAYS": "32",
    }
    assert set(re.findall(r"WHARF_\w+", PAGE)) == set(environment)
    settings = cdk.Settings.from_environment(environment)
    assert (settings.log_retention_days, settings.noncurrent_days, settings.capture_days) == (
        30,
        31,
        32,
    )
    assert settings.log_retention == cdk.LOG_RETENTIONS[30]


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("WHARF_LOG_DAYS", "31", "use one of 1, 3, 7, 14, 30"),
        ("WHARF_CAPTURE_DAYS", "0", "use a whole number from 1 to 36500"),
        ("WHARF_NONCURRENT_DAYS", "a year", "'a year', in days"),
        ("WHARF_LATENCY_MS", "60001", "in milliseconds; use a whole number from 1 to 60000"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(name: str, value: str, allowed: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.*{allowed}"):
        cdk.Settings.from_environment({name: value})
