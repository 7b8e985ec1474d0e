"""Service Quotas: what the account may have at once, told by the API and enforced.

Stock moto knows quotas of VPCs alone, and enforces none. The names are AWS's. The codes are this
cloud's own, of the same form: a program that looks a quota up by its name works with both.
"""

import hashlib
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import JsonRESTError
from moto.servicequotas.responses import ServiceQuotasResponse

from contracts.model import Contract
from contracts.quotas import JOB_INSTANCES
from localcloud.instance_types import known_types
from localcloud.overrides import replace

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

SERVICE_NAMES = {"codebuild": "AWS CodeBuild", "sagemaker": "Amazon SageMaker"}
COMPUTE_TYPES = ("Small", "Medium", "Large", "XLarge", "2XLarge")
USAGES = ("training job", "processing job", "transform job", "endpoint")
DEFAULT = 20.0
"""Of every quota: CodeBuild's documented default, and enough for a team at SageMaker."""
PAGE_SIZE = 100  # ListServiceQuotas' own most


class UnknownQuota(ValueError):
    """No quota has that name."""


class QuotaChange(Contract):
    """The body of ``POST /_wharf/quotas``: set the quota of that name."""

    name: str
    value: float

    @classmethod
    def parse(cls, text: str) -> "QuotaChange":
        """Of ``NAME=VALUE``. Raises ValueError."""
        name, separator, value = text.rpartition("=")
        if not separator or not name.strip():
            raise ValueError(f"{text!r}: a quota is set by NAME=VALUE")
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"{text!r}: {value!r} is not a number") from None
        if not 0 <= number < float("inf"):
            raise ValueError(f"{text!r}: a quota is 0 or more")
        return cls(name=name.strip(), value=number)


@dataclass
class AccountQuota:
    """One quota of the account."""

    service: str
    name: str
    unit: str
    value: float = DEFAULT
    usual: float = DEFAULT
    """This cloud's own, until somebody sets another."""

    @property
    def code(self) -> str:
        digest = hashlib.sha256(f"{self.service}/{self.name}".encode()).hexdigest()
        return f"L-{digest[:8].upper()}"

    def as_api(self, cloud: "Cloud", value: float) -> dict[str, Any]:
        return {
            "ServiceCode": self.service,
            "ServiceName": SERVICE_NAMES[self.service],
            "QuotaArn": cloud.arn("servicequotas", f"{self.service}/{self.code}"),
            "QuotaCode": self.code,
            "QuotaName": self.name,
            "Value": value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
            "QuotaAppliedAtLevel": "ACCOUNT",
        }


def _all_quotas() -> Iterator[AccountQuota]:
    for compute_type in COMPUTE_TYPES:
        name = f"Concurrently running builds for Linux/{compute_type} environment"
        yield AccountQuota("codebuild", name, "Builds")
    # A limit of this machine's, told where AWS tells its own: before anything is built.
    yield AccountQuota("sagemaker", JOB_INSTANCES, "Instances", value=1, usual=1)
    for instance_type in known_types():
        for usage in USAGES:
            yield AccountQuota("sagemaker", f"{instance_type} for {usage} usage", "Instances")


class Quotas:
    """The account's quotas. What is not listed, such as an unknown type, is not limited."""

    def __init__(self) -> None:
        self.by_name = {quota.name: quota for quota in _all_quotas()}
        self.requests: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def change(self, change: QuotaChange) -> None:
        """Set a quota. Raises UnknownQuota, which names the like."""
        if change.name not in self.by_name:
            raise UnknownQuota(
                f"there is no quota {change.name!r}; there are such as "
                "'Concurrently running builds for Linux/Small environment', "
                "'ml.m5.large for endpoint usage', 'ml.m5.large for training job usage': "
                "aws service-quotas list-service-quotas --service-code sagemaker"
            )
        self.by_name[change.name].value = change.value

    def value(self, name: str) -> float:
        """The quota; infinite where none is known."""
        quota = self.by_name.get(name)
        return float("inf") if quota is None else quota.value

    def require_instances(self, instance_type: str, usage: str, used: int, more: int) -> None:
        """Raises SageMaker's ResourceLimitExceeded when ``more`` beside ``used`` are too many."""
        name = f"{instance_type} for {usage} usage"
        most = self.value(name)
        if used + more > most:
            raise JsonRESTError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{name}' is {most:g} Instances, with current "
                f"utilization of {used} Instances and a request delta of {more} Instances. Please "
                "use AWS Service Quotas to request an increase for this quota. If AWS Service "
                "Quotas is not available, contact AWS support to request an increase for this "
                "quota.",
            )

    def told(self) -> list[dict[str, Any]]:
        """What was changed, for the cloud's own page."""
        return [
            {"name": quota.name, "service": quota.service, "code": quota.code, "value": quota.value}
            for quota in self.by_name.values()
            if quota.value != quota.usual
        ]

    def of(self, service: str) -> list[AccountQuota]:
        """A service's quotas. Raises NoSuchResourceException."""
        if service not in SERVICE_NAMES:
            raise _no_such_resource()
        return [quota for quota in self.by_name.values() if quota.service == service]

    def find(self, service: str, code: str) -> AccountQuota:
        """Raises NoSuchResourceException."""
        for quota in self.of(service):
            if quota.code == code:
                return quota
        raise _no_such_resource()


def _no_such_resource() -> JsonRESTError:
    return JsonRESTError(
        "NoSuchResourceException", "The request failed because the specified resource doesn't exist"
    )


def install(cloud: "Cloud") -> None:
    """Tell of the cloud's quotas, and grant every request for more at once."""
    quotas = cloud.quotas

    def listing(current: bool) -> Callable[[ServiceQuotasResponse], str]:
        def answer(self: ServiceQuotasResponse) -> str:
            asked = json.loads(self.body)
            found = quotas.of(asked.get("ServiceCode", ""))
            if asked.get("QuotaCode"):
                found = [quota for quota in found if quota.code == asked["QuotaCode"]]
            return _page(
                "Quotas",
                [quota.as_api(cloud, quota.value if current else DEFAULT) for quota in found],
                asked,
            )

        return answer

    def one(current: bool) -> Callable[[ServiceQuotasResponse], str]:
        def answer(self: ServiceQuotasResponse) -> str:
            asked = json.loads(self.body)
            quota = quotas.find(asked["ServiceCode"], asked["QuotaCode"])
            return json.dumps({"Quota": quota.as_api(cloud, quota.value if current else DEFAULT)})

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
            request = {
                **{key: quota.as_api(cloud, 0)[key] for key in ("ServiceCode", "ServiceName")},
                **{key: quota.as_api(cloud, 0)[key] for key in ("QuotaCode", "QuotaName")},
                "QuotaArn": quota.as_api(cloud, 0)["QuotaArn"],
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


def _page(key: str, items: list[dict[str, Any]], asked: dict[str, Any]) -> str:
    """One page; a token is the place where the next begins."""
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
