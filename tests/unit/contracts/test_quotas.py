"""What a configuration needs of the account's quotas, and what is too small."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from modelwharf.contracts.parameters import Data, Deployment, Parameters, Training
from modelwharf.contracts.quotas import (
    BUILDS,
    Fleet,
    Quota,
    QuotaShortfall,
    find_quotas,
    fleets,
    instances_of,
    needs_of,
    shortfalls,
)

FLEET = Fleet(instance_type="ml.m5.large", instances=1)


def least(parameters: Parameters, serving: list[Fleet]) -> dict[str, int]:
    needs = needs_of(parameters, project="toy", serving=serving)
    return {need.name: need.at_least for need in needs}


def test_a_first_release_needs_its_instances_once() -> None:
    assert least(Parameters(), []) == {
        BUILDS: 1,
        "ml.m5.large for processing job usage": 1,
        "ml.m5.large for training job usage": 1,
        "ml.m5.large for endpoint usage": 1,
    }


def test_an_update_needs_its_instances_beside_those_that_serve() -> None:
    name = instances_of("ml.m5.large", "endpoint")
    three = Parameters(deployment=Deployment(instance_count=3))
    assert least(three, [FLEET])[name] == 4


def test_instances_of_another_type_are_not_counted() -> None:
    other = Parameters(deployment=Deployment(instance_type="ml.c5.large"))
    assert least(other, [FLEET])["ml.c5.large for endpoint usage"] == 1


def test_data_that_come_ready_need_no_processing_instance() -> None:
    ready = Parameters(data=Data(prepare=False), training=Training(instance_type="ml.c5.xlarge"))
    names = least(ready, [])
    assert not any("processing" in name for name in names)
    assert "ml.c5.xlarge for training job usage" in names


def test_a_job_on_several_instances_needs_them_in_one_job_too() -> None:
    two = Parameters(training=Training(instance_count=2))
    found = least(two, [])
    assert found["Maximum number of instances per training job"] == 2
    assert found["ml.m5.large for training job usage"] == 2


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


def shortfall_of(name: str, value: float, serving: list[Fleet]) -> QuotaShortfall:
    needs = needs_of(Parameters(), project="toy", serving=serving)
    service = "codebuild" if name == BUILDS else "sagemaker"
    (shortfall,) = shortfalls(needs, [Quota(service=service, name=name, code="L-1", value=value)])
    return shortfall


ENDPOINTS = instances_of("ml.m5.large", "endpoint")


def test_a_lack_says_code_purpose_and_the_command_and_what_to_change_instead() -> None:
    shortfall = shortfall_of(ENDPOINTS, 1, [FLEET])
    assert shortfall.fatal
    for words in ("(L-1) is 1", "1 beside the 1 that serve", "/modelwharf/toy/deployment"):
        assert words in shortfall.in_full()
    assert shortfall.command == (
        "aws service-quotas request-service-quota-increase --service-code sagemaker "
        "--quota-code L-1 --desired-value 2"
    )
    assert shortfall.command in shortfall.in_full()


def test_a_lack_that_asks_for_more_than_is_needed_says_what_that_is_for() -> None:
    shortfall = shortfall_of(BUILDS, 0, [])

    assert shortfall.words.endswith(
        "1 is needed; with fewer than 2 the two images of a release are built one after the other"
    )
    assert shortfall.command.endswith("--desired-value 2")


@pytest.mark.parametrize(
    ("name", "otherwise"),
    [(BUILDS, "built one after the other"), (ENDPOINTS, "the next release needs 2")],
)
def test_what_suffices_for_now_says_what_happens_otherwise(name: str, otherwise: str) -> None:
    shortfall = shortfall_of(name, 1, [])
    assert not shortfall.fatal
    assert otherwise in shortfall.in_full() and shortfall.command in shortfall.in_full()


@pytest.mark.parametrize(("now", "counted"), [(None, 2), (1, 1), (5, 2)])
def test_of_a_scaled_fleet_the_smaller_number_counts(now: int | None, counted: int) -> None:
    variant = {"VariantName": "champion"} | ({} if now is None else {"CurrentInstanceCount": now})
    config = {"VariantName": "champion", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    found = fleets({"ProductionVariants": [variant]}, {"ProductionVariants": [config]})
    assert found == (Fleet(instance_type="ml.m5.large", instances=counted),)


def test_a_serverless_variant_holds_no_instances() -> None:
    serverless = {"VariantName": "champion", "ServerlessConfig": {"MaxConcurrency": 1}}
    assert fleets({}, {"ProductionVariants": [serverless]}) == ()
