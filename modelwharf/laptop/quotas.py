"""The account's quotas by AWS's names, enforced.

The codes are this cloud's own, in the form of AWS's. A program that looks up a quota by its name
works with both.
"""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import get_service_model

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.quotas import JOB_INSTANCES, instances_of

SERVICE_NAMES = {"codebuild": "AWS CodeBuild", "sagemaker": "Amazon SageMaker"}
COMPUTE_TYPES = ("Small", "Medium", "Large", "XLarge", "2XLarge")
USAGES = {
    "training job": "TrainingInstanceType",
    "processing job": "ProcessingInstanceType",
    "transform job": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}
"""The uses of instances, each with its own instance types: the enumerations of SageMaker's API."""
DEFAULT = 20.0
"""The default of every quota: documented for CodeBuild, and enough for a team at SageMaker."""
HOSTS = 4.0
"""The default limit of hosts per training job: they share this machine. `wharf up --quota` sets
another.
"""


class UnknownQuota(ValueError):
    """No quota has that name."""


class QuotaChange(Contract):
    """The body of ``POST /_wharf/quotas``: set the quota of that name."""

    name: str
    value: float

    @classmethod
    def parse(cls, text: str) -> "QuotaChange":
        """Parse ``NAME=VALUE``. Raises ValueError."""
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
    """This cloud's default value."""

    @property
    def code(self) -> str:
        digest = hashlib.sha256(f"{self.service}/{self.name}".encode()).hexdigest()
        return f"L-{digest[:8].upper()}"


def _all_quotas(hosts: float) -> Iterator[AccountQuota]:
    for compute_type in COMPUTE_TYPES:
        name = f"Concurrently running builds for Linux/{compute_type} environment"
        yield AccountQuota("codebuild", name, "Builds")
    # The limit of this machine appears as AWS's own limit would: before the job starts.
    yield AccountQuota("sagemaker", JOB_INSTANCES, "Instances", value=hosts, usual=hosts)
    model: Any = get_service_model("sagemaker")
    for usage, shape in USAGES.items():
        for instance_type in model.shape_for(shape).enum:
            yield AccountQuota("sagemaker", instances_of(instance_type, usage), "Instances")


class Quotas:
    """The account's quotas. Names without a quota, such as unknown types, have no limit."""

    def __init__(self) -> None:
        self._by_name: dict[str, AccountQuota] = {}
        self._hosts = HOSTS
        self.requests: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.reading = threading.Lock()

    @property
    def by_name(self) -> dict[str, AccountQuota]:
        """The quotas by name, read at their first use: the cloud's start does not need them."""
        with self.reading:
            if not self._by_name:
                self._by_name = {quota.name: quota for quota in _all_quotas(self._hosts)}
        return self._by_name

    def allow_one_host(self) -> None:
        """Limit a job to one host: this cloud's engine cannot run several."""
        self._hosts = 1.0

    def change(self, change: QuotaChange) -> None:
        """Set a quota. Raises UnknownQuota, which names similar quotas."""
        if change.name not in self.by_name:
            raise UnknownQuota(
                f"there is no quota {change.name!r}; there are such as "
                "'Concurrently running builds for Linux/Small environment', "
                "'ml.m5.large for endpoint usage', 'ml.m5.large for training job usage': "
                "aws service-quotas list-service-quotas --service-code sagemaker"
            )
        self.by_name[change.name].value = change.value

    def value(self, name: str) -> float:
        """The quota; infinite for an unknown name."""
        quota = self.by_name.get(name)
        return float("inf") if quota is None else quota.value

    def require_instances(self, instance_type: str, usage: str, used: int, more: int) -> None:
        """Raise SageMaker's ResourceLimitExceeded when ``used`` plus ``more`` exceed the quota."""
        self.require(instances_of(instance_type, usage), used, more)

    def require(self, name: str, used: int, more: int) -> None:
        """Raise ResourceLimitExceeded as ``require_instances`` does, for a quota's name."""
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

    def changed(self) -> list[dict[str, Any]]:
        """The changed quotas, for the cloud's own page."""
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
        """The quota with this code. Raises NoSuchResourceException."""
        for quota in self.of(service):
            if quota.code == code:
                return quota
        raise _no_such_resource()


def _no_such_resource() -> JsonRESTError:
    return JsonRESTError(
        "NoSuchResourceException", "The request failed because the specified resource doesn't exist"
    )
