"""The API of Service Quotas. Stock moto knows only VPC's quotas, and enforces none."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.servicequotas.responses import ServiceQuotasResponse

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace
from modelwharf.laptop.quotas import DEFAULT, SERVICE_NAMES, AccountQuota

PAGE_SIZE = 100  # the maximum of ListServiceQuotas


def install(cloud: Cloud) -> None:
    """Show the cloud's quotas, and grant every request for an increase at once."""
    quotas = cloud.quotas

    def listing(current: bool) -> Callable[[ServiceQuotasResponse], str]:
        def answer(self: ServiceQuotasResponse) -> str:
            asked = json.loads(self.body)
            found = quotas.of(asked.get("ServiceCode", ""))
            if asked.get("QuotaCode"):
                found = [quota for quota in found if quota.code == asked["QuotaCode"]]
            return _page(
                "Quotas",
                [_described(cloud, quota, quota.value if current else DEFAULT) for quota in found],
                asked,
            )

        return answer

    def one(current: bool) -> Callable[[ServiceQuotasResponse], str]:
        def answer(self: ServiceQuotasResponse) -> str:
            asked = json.loads(self.body)
            quota = quotas.find(asked["ServiceCode"], asked["QuotaCode"])
            return json.dumps(
                {"Quota": _described(cloud, quota, quota.value if current else DEFAULT)}
            )

        return answer

    def request_increase(self: ServiceQuotasResponse) -> str:
        asked = json.loads(self.body)
        quota, desired = (
            quotas.find(asked["ServiceCode"], asked["QuotaCode"]),
            asked["DesiredValue"],
        )
        with quotas.lock:
            if desired <= quota.value:
                raise JsonRESTError(
                    "IllegalArgumentException",
                    "You must provide a quota value greater than the current quota value: "
                    f"{quota.name} is {quota.value:g}",
                )
            quota.value = float(desired)
            now = datetime.now(UTC).timestamp()
            description = _described(cloud, quota, 0)
            kept = ("ServiceCode", "ServiceName", "QuotaCode", "QuotaName", "QuotaArn")
            request = {
                **{key: description[key] for key in kept},
                "Id": uuid.uuid4().hex,
                "DesiredValue": desired,
                "Status": "APPROVED",
                "Created": now,
                "LastUpdated": now,
                "GlobalQuota": False,
                "Unit": "None",
            }
            quotas.requests.insert(0, request)
        return json.dumps({"RequestedQuota": request})

    def history(self: ServiceQuotasResponse) -> str:
        asked = json.loads(self.body)
        service, status = asked.get("ServiceCode"), asked.get("Status")
        found = [
            request
            for request in quotas.requests
            if service in (None, request["ServiceCode"]) and status in (None, request["Status"])
        ]
        return _page("RequestedQuotas", found, asked)

    operations = {
        "list_service_quotas": listing(current=True),
        "list_aws_default_service_quotas": listing(current=False),
        "get_service_quota": one(current=True),
        "get_aws_default_service_quota": one(current=False),
        "request_service_quota_increase": request_increase,
        "list_requested_service_quota_change_history": history,
    }
    for name, operation in operations.items():
        replace(ServiceQuotasResponse, name, operation)


def _described(cloud: Cloud, quota: AccountQuota, value: float) -> dict[str, Any]:
    return {
        "ServiceCode": quota.service,
        "ServiceName": SERVICE_NAMES[quota.service],
        "QuotaArn": cloud.arn("servicequotas", f"{quota.service}/{quota.code}"),
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _page(key: str, items: list[dict[str, Any]], asked: dict[str, Any]) -> str:
    """One page. The token is the position at which the next page begins."""
    token = asked.get("NextToken") or "0"
    size = asked.get("MaxResults") or PAGE_SIZE
    if not token.isdecimal() or not 1 <= size <= PAGE_SIZE:
        raise JsonRESTError(
            "InvalidPaginationTokenException"
            if not token.isdecimal()
            else "IllegalArgumentException",
            "Invalid input was provided",
        )
    start = int(token)
    answer: dict[str, Any] = {key: items[start : start + size]}
    if start + size < len(items):
        answer["NextToken"] = str(start + size)
    return json.dumps(answer)
