"""What a configuration needs of the account's quotas, and what is too small."""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.parameters import Data, Deployment, Parameters, Training
from contracts.quotas import (
    BUILDS,
    Fleet,
    Quota,
    find_quotas,
    increase_command,
    instances_of,
    lacks,
    needs_of,
)

FLEET = Fleet(instance_type="ml.m5.large", instances=1)


def least(parameters: Parameters, serving: list[Fleet] | None) -> dict[str, int]:
    needs = needs_of(parameters, project="toy", serving=serving)
    return {need.name: need.at_least for need in needs}


def test_a_first_release_needs_its_instances_once() -> None:
    assert least(Parameters(), []) == {
        BUILDS: 1,
        "ml.m5.large for processing job usage": 1,
        "ml.m5.large for training job usage": 1,
        "ml.m5.large for endpoint usage": 1,
    }


def test_an_update_needs_the_fleet_twice_also_when_nobody_could_look() -> None:
    name = instances_of("ml.m5.large", "endpoint")
    three = Parameters(deployment=Deployment(instance_count=3))
    assert least(three, [FLEET])[name] == 4
    assert least(three, None)[name] == 6


def test_instances_of_another_type_are_not_counted() -> None:
    other = Parameters(deployment=Deployment(instance_type="ml.c5.large"))
    assert least(other, [FLEET])["ml.c5.large for endpoint usage"] == 1


def test_data_that_come_ready_need_no_processing_instance() -> None:
    ready = Parameters(data=Data(prepare=False), training=Training(instance_type="ml.c5.xlarge"))
    names = least(ready, [])
    assert not any("processing" in name for name in names)
    assert "ml.c5.xlarge for training job usage" in names


def record(name: str, value: float, code: str = "L-1") -> Mapping[str, Any]:
    return {"QuotaName": name, "QuotaCode": code, "Value": value}


def test_a_quota_without_a_value_of_the_accounts_own_is_found_among_the_defaults() -> None:
    needs = needs_of(Parameters(), project="toy", serving=[])
    read: list[str] = []

    def applied(service: str) -> Iterable[Mapping[str, Any]]:
        if service == "codebuild":
            yield record(BUILDS, 1, "L-B")
            read.append("a second page")
            yield record("another", 1)

    def defaults(service: str) -> Iterable[Mapping[str, Any]]:
        return [record(instances_of("ml.m5.large", "endpoint"), 4, "L-E")]

    found = find_quotas(needs, applied, defaults)
    assert [(quota.service, quota.code, quota.value) for quota in found] == [
        ("codebuild", "L-B", 1),
        ("sagemaker", "L-E", 4),
    ]
    assert not read, "reading ends with the last quota that is needed"


def test_a_lack_says_code_purpose_and_the_command() -> None:
    needs = needs_of(Parameters(), project="toy", serving=[FLEET])
    endpoint = Quota(
        service="sagemaker", name=instances_of("ml.m5.large", "endpoint"), code="L-E", value=1
    )
    builds = Quota(service="codebuild", name=BUILDS, code="L-B", value=1)
    slow, fatal = lacks(needs, [endpoint, builds])
    assert (slow.fatal, fatal.fatal) == (False, True)
    assert "would run at once" in slow.in_words()
    for words in ("(L-E) is 1", "1 beside the 1 that serve", "/modelwharf/toy/deployment"):
        assert words in fatal.in_words()
    assert increase_command(endpoint, 2) in fatal.in_words()
