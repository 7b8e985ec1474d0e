"""The account's quotas that a configuration needs, and what to type if one is too small.

A quota is identified by its name. Service Quotas gives each a code (``L-…``), which is looked up,
because no list of codes is complete. The names are those of ListServiceQuotas and of a service's
refusal ("The account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances, …").
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.parameters import Deployment, Parameters

SAGEMAKER = "sagemaker"
CODEBUILD = "codebuild"
SERVICE_CODES = (CODEBUILD, SAGEMAKER)
"""Service Quotas' names of the services; the permission's prefix is servicequotas:."""

BUILDS = "Concurrently running builds for Linux/Small environment"
"""For the compute type of infra/images.py (CodeBuild user guide, "Quotas for AWS CodeBuild")."""
JOB_INSTANCES = "Maximum number of instances per training job"
"""20 unless the account has another (developer guide, SageMaker AI quotas); the laptop's is 4."""
TRAINING = "training job"
PROCESSING = "processing job"
ENDPOINT = "endpoint"


def instances_of(instance_type: str, usage: str) -> str:
    """Name of SageMaker's quota on instances: ``ml.m5.large for endpoint usage``."""
    return f"{instance_type} for {usage} usage"


class Quota(Contract):
    """A quota from Service Quotas: what the account may have at once."""

    service: str
    name: str
    code: str
    value: float


class Fleet(Contract):
    """Instances that serve already; an update starts the new ones in addition."""

    instance_type: str
    instances: int


def fleets(endpoint: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[Fleet, ...]:
    """The serving fleet, from DescribeEndpoint and DescribeEndpointConfig.

    The configuration has the instance type; a serverless variant has none. If scaling has changed
    the number of instances, the smaller number counts, because added instances may go again.
    """
    now = {
        variant["VariantName"]: variant.get("CurrentInstanceCount")
        for variant in endpoint.get("ProductionVariants", ())
    }
    found = []
    for variant in config.get("ProductionVariants", ()):
        if "InstanceType" in variant:
            count = variant.get("InitialInstanceCount", 1)
            current = now.get(variant["VariantName"])
            instances = count if current is None else min(current, count)
            found.append(Fleet(instance_type=variant["InstanceType"], instances=instances))
    return tuple(found)


class QuotaNeed(Contract):
    """A configuration's need of one quota.

    Below ``at_least`` the release fails. Below ``wanted`` it does not, and ``otherwise`` says what
    happens. ``purpose`` is the use of the quota; ``setting`` is the parameter that changes the
    need, or "".
    """

    service: str
    name: str
    at_least: int
    wanted: int
    purpose: str
    otherwise: str = ""
    setting: str = ""

    @property
    def path(self) -> str:
        """The parameter that sets it."""
        return self.setting.rpartition(" in ")[2]


class QuotaShortfall(Contract):
    """A quota that is smaller than what a release needs, or than what it could use."""

    need: QuotaNeed
    quota: Quota

    @property
    def fatal(self) -> bool:
        return self.quota.value < self.need.at_least

    @property
    def command(self) -> str:
        """The command that requests enough."""
        return increase_command(self.quota, self.need.wanted)

    @property
    def words(self) -> str:
        """Which quota is too small, and for what."""
        need, quota = self.need, self.quota
        what = f"quota {quota.name!r} ({quota.code}) is {quota.value:g}"
        if not self.fatal:
            return f"{what}: {need.otherwise}"
        are = "is" if need.at_least == 1 else "are"
        text = f"{what}, but {need.purpose}: {need.at_least} {are} needed"
        if need.wanted > need.at_least:
            text += f"; with fewer than {need.wanted} {need.otherwise}"
        return text

    def in_full(self) -> str:
        """Which quota is too small, for what, and what to type or change."""
        either = f"; or change {self.need.setting}" if self.need.setting and self.fatal else ""
        return f"{self.words}. Ask for more: {self.command}{either}"


def needs_of(
    parameters: Parameters, *, project: str, serving: Sequence[Fleet]
) -> tuple[QuotaNeed, ...]:
    """The quotas that a release with these parameters needs, in the order of its states.

    ``serving`` is the fleet that serves now, and is empty when there is no endpoint yet.
    """
    data, training = parameters.data, parameters.training
    builds = QuotaNeed(
        service=CODEBUILD,
        name=BUILDS,
        at_least=1,
        wanted=2,
        purpose="a release builds the training and the inference image",
        otherwise="the two images of a release are built one after the other",
    )
    prepare = QuotaNeed(
        service=SAGEMAKER,
        name=instances_of(data.instance_type, PROCESSING),
        at_least=1,
        wanted=1,
        purpose="PrepareData runs a processing job",
        setting=f"instance_type in {parameter_path(project, 'data')}",
    )
    train = QuotaNeed(
        service=SAGEMAKER,
        name=instances_of(training.instance_type, TRAINING),
        at_least=training.instance_count,
        wanted=training.instance_count,
        purpose="Train runs a training job",
        setting=f"instance_type or instance_count in {parameter_path(project, 'training')}",
    )
    together = QuotaNeed(
        service=SAGEMAKER,
        name=JOB_INSTANCES,
        at_least=training.instance_count,
        wanted=training.instance_count,
        purpose="Train runs one job on all its instances",
        setting=f"instance_count in {parameter_path(project, 'training')}",
    )
    serve = endpoint_need(parameters.deployment, project=project, serving=serving)
    return (
        builds,
        *((prepare,) if data.prepare else ()),
        train,
        *((together,) if training.instance_count > 1 else ()),
        serve,
    )


def endpoint_need(deployment: Deployment, *, project: str, serving: Sequence[Fleet]) -> QuotaNeed:
    """The instances that serve: an update starts all new ones before the old ones end."""
    count, instance_type = deployment.instance_count, deployment.instance_type
    beside = sum(fleet.instances for fleet in serving if fleet.instance_type == instance_type)
    purpose = "the endpoint serves"
    if beside:
        purpose = f"the update of the endpoint starts {count} beside the {beside} that serve"
    return QuotaNeed(
        service=SAGEMAKER,
        name=instances_of(instance_type, ENDPOINT),
        at_least=count + beside,
        wanted=max(count + beside, 2 * count),
        purpose=purpose,
        otherwise=f"the next release needs {2 * count}, to start {count} beside those that serve",
        setting=f"instance_type or instance_count in {parameter_path(project, 'deployment')}",
    )


Listing = Callable[[str], Iterable[Mapping[str, Any]]]
"""From a service code to the quotas of its ``Quotas`` pages, read lazily."""


def find_quotas(
    needs: Iterable[QuotaNeed], applied: Listing, defaults: Listing
) -> tuple[Quota, ...]:
    """The needed quotas that the account has: ListServiceQuotas, then the service's defaults.

    ListServiceQuotas omits quotas without a value of the account's own (API reference). A quota
    that neither knows is omitted: the region does not have that instance type.
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
    """The quotas in ``names``, removed from it when found; reading stops after the last."""
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


def shortfalls(needs: Iterable[QuotaNeed], quotas: Iterable[Quota]) -> tuple[QuotaShortfall, ...]:
    """Every quota that is smaller than what a release could use, including the fatal ones."""
    held = {(quota.service, quota.name): quota for quota in quotas}
    pairs = ((need, held.get((need.service, need.name))) for need in needs)
    return tuple(
        QuotaShortfall(need=need, quota=quota)
        for need, quota in pairs
        if quota is not None and quota.value < need.wanted
    )


def advice(service: str, name: str, desired: float, known: Iterable[Quota]) -> str:
    """The command that requests more of a quota; ``known`` may have its code."""
    for quota in known:
        if (quota.service, quota.name) == (service, name):
            return f"Ask for more: {increase_command(quota, desired)}"
    return (
        f"To see this quota and its code: {lookup_command(service, name)}; to ask for more: "
        f"aws service-quotas request-service-quota-increase --service-code {service} "
        f"--quota-code L-… --desired-value {desired:g}"
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
