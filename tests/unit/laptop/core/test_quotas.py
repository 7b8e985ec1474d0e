"""Service Quotas on the laptop: told by the API, set by the cloud's own page."""

import urllib.error
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.contracts.quotas import BUILDS, JOB_INSTANCES, SAGEMAKER, instances_of
from modelwharf.laptop.quotas import QuotaChange, Quotas, UnknownQuota
from modelwharf.laptop.server import QUOTAS_PATH
from tests.unit.laptop.core.world import World

ENDPOINT = instances_of("ml.m5.large", "endpoint")


def listed(world: World, operation: str, service: str) -> dict[str, Any]:
    pages = world.client("service-quotas").get_paginator(operation).paginate(ServiceCode=service)
    return {quota["QuotaName"]: quota for page in pages for quota in page["Quotas"]}


def test_a_quota_is_found_by_its_name_through_all_pages(world: World) -> None:
    found = listed(world, "list_service_quotas", SAGEMAKER)
    assert len(found) > 100
    quota = world.client("service-quotas").get_service_quota(
        ServiceCode=SAGEMAKER, QuotaCode=found[ENDPOINT]["QuotaCode"]
    )["Quota"]
    assert (quota["QuotaName"], quota["Value"]) == (ENDPOINT, 20.0)


def test_a_training_job_has_four_instances_at_most_and_the_account_says_so(world: World) -> None:
    quota = listed(world, "list_service_quotas", SAGEMAKER)[JOB_INSTANCES]
    assert quota["Value"] == 4
    told = world.page(QUOTAS_PATH, {"name": ENDPOINT, "value": 20})["changed"]
    assert JOB_INSTANCES not in [one["name"] for one in told]


def test_an_engine_without_several_hosts_allows_one() -> None:
    quotas = Quotas()
    quotas.allow_one_host()
    assert quotas.value(JOB_INSTANCES) == 1
    assert quotas.changed() == [], "nobody has changed it"


def test_the_clouds_own_page_sets_a_quota_and_the_default_stays(world: World) -> None:
    name = instances_of("ml.m5.xlarge", "endpoint")
    told = world.page(QUOTAS_PATH, {"name": name, "value": 0})["changed"]
    assert [quota["value"] for quota in told if quota["name"] == name] == [0]
    assert listed(world, "list_service_quotas", SAGEMAKER)[name]["Value"] == 0
    assert listed(world, "list_aws_default_service_quotas", SAGEMAKER)[name]["Value"] == 20


def test_an_increase_that_is_asked_for_is_granted_and_remembered(world: World) -> None:
    client = world.client("service-quotas")
    code = listed(world, "list_service_quotas", "codebuild")[BUILDS]["QuotaCode"]
    asked = {"ServiceCode": "codebuild", "QuotaCode": code}
    with pytest.raises(ClientError, match="greater than the current"):
        client.request_service_quota_increase(DesiredValue=1, **asked)
    client.request_service_quota_increase(DesiredValue=30, **asked)
    assert client.get_service_quota(**asked)["Quota"]["Value"] == 30
    history = client.list_requested_service_quota_change_history(ServiceCode="codebuild")
    assert [one["DesiredValue"] for one in history["RequestedQuotas"]] == [30]


def test_a_service_without_quotas_here_does_not_exist(world: World) -> None:
    with pytest.raises(ClientError) as caught:
        world.client("service-quotas").list_service_quotas(ServiceCode="nonsense")
    assert caught.value.response["Error"]["Code"] == "NoSuchResourceException"


def test_an_unknown_name_is_refused_on_the_page_with_names_that_exist(world: World) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        world.page(QUOTAS_PATH, {"name": "ml.m5.larg for endpoint usage", "value": 0})
    assert caught.value.code == 400
    assert b"ml.m5.large for endpoint usage" in caught.value.read()


@pytest.mark.parametrize("text", ["no value", "=1", "name=x", "name=-1", "name=inf", "name=nan"])
def test_a_quota_that_cannot_be_read_is_refused_with_what_was_typed(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        QuotaChange.parse(text)


def test_an_unknown_quota_is_refused_and_an_unknown_type_is_not_limited() -> None:
    quotas = Quotas()
    with pytest.raises(UnknownQuota, match="list-service-quotas"):
        quotas.change(QuotaChange(name="none", value=1))
    quotas.require_instances("ml.new.large", "endpoint", used=10**6, more=1)


def test_too_many_instances_are_refused_in_sagemakers_words() -> None:
    quotas = Quotas()
    quotas.change(QuotaChange(name=ENDPOINT, value=1))
    quotas.require_instances("ml.m5.large", "endpoint", used=0, more=1)
    with pytest.raises(Exception, match="is 1 Instances, with current utilization of 1 Instances "):
        quotas.require_instances("ml.m5.large", "endpoint", used=1, more=1)
