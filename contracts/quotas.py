"""Which quotas of the account a configuration needs, and what to type when one is too small.

A quota is known by its name: Service Quotas gives each a code (``L-…``), which is looked up, for
no list of codes is complete. Names: ListServiceQuotas, and the quota that a service's own refusal
names ("The account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances, …").
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from contracts.model import Contract
from contracts.names import parameter_path
from contracts.parameters import Parameters

SAGEMAKER = "sagemaker"
CODEBUILD = "codebuild"
SERVICE_CODES = (CODEBUILD, SAGEMAKER)
"""As Service Quotas calls the services; the permission to ask is of servicequotas:."""

BUILDS = "Concurrently running builds for Linux/Small environment"
"""For the compute type of infra/images.py (CodeBuild user guide, "Quotas for AWS CodeBuild")."""
TRAINING = "training job"
PROCESSING = "processing job"
ENDPOINT = "endpoint"


def instances_of(instance_type: str, usage: str) -> str:
    """Name of SageMaker's quota on instances: ``ml.m5.large for endpoint usage``."""
    return f"{instance_type} for {usage} usage"


class Quota(Contract):
    """A quota as Service Quotas tells it: what the account may have at once."""

    service: str
    name: str
    code: str
    value: float


class Fleet(Contract):
    """Instances that serve already, beside which an update starts the new ones."""

    instance_type: str
    instances: int


class QuotaNeed(Contract):
    """What a configuration needs of one quota.

    Below ``at_least`` a release fails; below ``at_once`` it takes longer, for things that could
    run at once then wait for each other. ``purpose`` says what for; ``setting`` where it is set,
    "" for what no parameter changes.
    """

    service: str
    name: str
    at_least: int
    at_once: int
    purpose: str
    setting: str = ""


class Lack(Contract):
    """A quota that is smaller than what a release needs, or than what it could use."""

    need: QuotaNeed
    quota: Quota

    @property
    def fatal(self) -> bool:
        return self.quota.value < self.need.at_least

    def in_words(self) -> str:
        """What is too small, for what, and what to type."""
        need, quota = self.need, self.quota
        wanted = need.at_least if self.fatal else need.at_once
        either = f"; or change {need.setting}" if need.setting and self.fatal else ""
        return (
            f"quota {quota.name!r} ({quota.code}) is {quota.value:g}, but {need.purpose}: "
            f"{wanted} {'are needed' if self.fatal else 'would run at once'}. Ask for more: "
            f"{increase_command(quota, wanted)}{either}"
        )


def needs_of(
    parameters: Parameters, *, project: str, serving: Sequence[Fleet] | None
) -> tuple[QuotaNeed, ...]:
    """The quotas that a release with these parameters needs, in the order of its states.

    ``serving`` is the fleet that serves now; empty when there is no endpoint, and None when
    nobody could look: the configuration's own is then assumed, as for the second release.
    """
    data, training, deployment = parameters.data, parameters.training, parameters.deployment
    needs = [
        QuotaNeed(
            service=CODEBUILD,
            name=BUILDS,
            at_least=1,
            at_once=2,
            purpose="a release builds the training and the inference image",
        )
    ]
    if data.prepare:
        needs.append(
            _instances(data.instance_type, PROCESSING, 1, "PrepareData runs a job", project, "data")
        )
    needs.append(
        _instances(
            training.instance_type,
            TRAINING,
            training.instance_count,
            "Train runs a job",
            project,
            "training",
        )
    )
    count = deployment.instance_count
    if serving is None:
        serving = (Fleet(instance_type=deployment.instance_type, instances=count),)
    beside = sum(
        fleet.instances for fleet in serving if fleet.instance_type == deployment.instance_type
    )
    purpose = "the endpoint serves"
    if beside:
        purpose = f"an update starts {count} beside the {beside} that serve until it is over"
    needs.append(
        _instances(
            deployment.instance_type, ENDPOINT, count + beside, purpose, project, "deployment"
        )
    )
    return tuple(needs)


def _instances(
    instance_type: str, usage: str, count: int, purpose: str, project: str, section: str
) -> QuotaNeed:
    return QuotaNeed(
        service=SAGEMAKER,
        name=instances_of(instance_type, usage),
        at_least=count,
        at_once=count,
        purpose=purpose,
        setting=f"instance_type or instance_count in {parameter_path(project, section)}"
        if section != "data"
        else f"instance_type in {parameter_path(project, section)}",
    )


Listing = Callable[[str], Iterable[Mapping[str, Any]]]
"""From a service code to the quotas of its ``Quotas`` pages, read as far as they are asked for."""


def find_quotas(
    needs: Iterable[QuotaNeed], applied: Listing, defaults: Listing
) -> tuple[Quota, ...]:
    """The needed quotas that the account has: ListServiceQuotas, then the service's defaults.

    ListServiceQuotas leaves out those that have no value of the account's own (API reference).
    A quota that neither knows is left out: a type of instance that the region does not have.
    """
    wanted: dict[str, set[str]] = {}
    for need in needs:
        wanted.setdefault(need.service, set()).add(need.name)
    found: list[Quota] = []
    for service, names in wanted.items():
        for listing in (applied, defaults):
            if names:
                found += _named(service, names, listing(service))
    return tuple(found)


def _named(service: str, names: set[str], listed: Iterable[Mapping[str, Any]]) -> list[Quota]:
    """Those of ``names``, which it is taken out of; reading stops when all are found."""
    found: list[Quota] = []
    for one in listed:
        name = str(one.get("QuotaName", ""))
        if name in names:
            names.remove(name)
            found.append(
                Quota(service=service, name=name, code=one["QuotaCode"], value=one["Value"])
            )
            if not names:
                break
    return found


def lacks(needs: Iterable[QuotaNeed], quotas: Iterable[Quota]) -> tuple[Lack, ...]:
    """Every quota that is smaller than what a release could use, the fatal ones among them."""
    held = {(quota.service, quota.name): quota for quota in quotas}
    pairs = ((need, held.get((need.service, need.name))) for need in needs)
    return tuple(
        Lack(need=need, quota=quota)
        for need, quota in pairs
        if quota is not None and quota.value < need.at_once
    )


def increase_command(quota: Quota, desired: float) -> str:
    """The command that asks AWS for more."""
    return (
        f"aws service-quotas request-service-quota-increase --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {desired:g}"
    )


def lookup_command(service: str, name: str) -> str:
    """The command that shows a quota whose code is not known."""
    return (
        f"aws service-quotas list-service-quotas --service-code {service} "
        f"--query \"Quotas[?QuotaName=='{name}']\""
    )
