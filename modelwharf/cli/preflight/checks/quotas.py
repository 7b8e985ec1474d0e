"""The account's quotas suffice for the project's sections."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from modelwharf.cli.parameters import data_section, deployment_section, training_section
from modelwharf.cli.preflight.account import Account
from modelwharf.cli.preflight.check import Check
from modelwharf.cli.serving import serving_now
from modelwharf.contracts.parameters import Parameters
from modelwharf.contracts.preflight import Finding
from modelwharf.contracts.quotas import (
    Fleet,
    Quota,
    QuotaNeed,
    QuotaShortfall,
    find_quotas,
    fleets,
    lookup_command,
    needs_of,
)

CHECK = Check(
    "quotas",
    "a new account may have quotas of 1 or 0: images are then built one after the other, and a "
    "release that a quota can never suffice for is refused before it builds anything",
)
Quotas = Callable[[str], Iterable[Mapping[str, Any]]]


def examine(account: Account) -> list[Finding]:
    services, project = account.services, account.project
    parameters = Parameters(
        data=data_section(services, project),
        training=training_section(services, project),
        deployment=deployment_section(services, project),
    )
    needs = needs_of(parameters, project=project, serving=_serving(account))
    listings = (
        _listing(account, "list_service_quotas"),
        _listing(account, "list_aws_default_service_quotas"),
    )
    held = {(quota.service, quota.name): quota for quota in find_quotas(needs, *listings)}
    return [_judged(need, held.get((need.service, need.name))) for need in needs]


def _listing(account: Account, operation: str) -> Quotas:
    pages = account.client("service-quotas").get_paginator(operation)
    return lambda service: (
        quota for page in pages.paginate(ServiceCode=service) for quota in page["Quotas"]
    )


def _serving(account: Account) -> tuple[Fleet, ...]:
    """Return the instances that the project's endpoint uses now; empty when it does not serve."""
    config = serving_now(account.services, account.project).config
    if config is None:
        return ()
    client = account.client("sagemaker")
    return fleets(
        client.describe_endpoint(EndpointName=account.project),
        client.describe_endpoint_config(EndpointConfigName=config),
    )


def _judged(need: QuotaNeed, quota: Quota | None) -> Finding:
    if quota is None:
        return CHECK.unknown(
            f"{need.service} lists no quota named {need.name!r} ({need.purpose})",
            command=lookup_command(need.service, need.name),
        )
    shortfall = QuotaShortfall(need=need, quota=quota)
    if shortfall.fatal:
        return CHECK.failed(shortfall.words, command=shortfall.command)
    if quota.value < need.wanted:
        return CHECK.warned(shortfall.words, command=shortfall.command)
    return CHECK.passed(f"{need.name}: {quota.value:g}; {need.purpose}")
