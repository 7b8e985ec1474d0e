"""Check the account's quotas before a release spends money."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from lambdas.endpoint import TRANSITIONAL
from lambdas.errors import QuotaTooSmall, ReleaseError, ServiceFault, limit_of, service_errors
from lambdas.instance_types import unknown_types
from lambdas.log import logger
from lambdas.runtime import Runtime
from lambdas.submission import not_found
from modelwharf.contracts.parameters import Parameters
from modelwharf.contracts.quotas import (
    Fleet,
    Quota,
    advice,
    endpoint_need,
    find_quotas,
    fleets,
    needs_of,
    shortfalls,
)
from modelwharf.contracts.release import ReleaseDocument
from modelwharf.contracts.section_text import InvalidParameter
from modelwharf.contracts.stages import PlannedRelease

# SageMaker lists over a thousand quotas, 100 a page.
TIME_KEPT = 30  # seconds left for the rest of the function; the listing stops below it
SERVES = {"InService", *TRANSITIONAL}


def required_quotas(
    runtime: Runtime, document: ReleaseDocument, parameters: Parameters
) -> tuple[tuple[Quota, ...], tuple[str, ...]]:
    """Return the quotas that the release needs, and warnings for people.

    A release does not depend on Service Quotas. When the lookup is refused or takes too long, a
    warning says so and nothing fails; the services themselves refuse a request over a quota later.

    Raises QuotaTooSmall, which names every quota that can never suffice; InvalidParameter, which
    names every instance type that does not exist.
    """
    needs = needs_of(parameters, project=document.project, serving=serving_fleet(runtime))
    try:
        with service_errors():
            quotas = find_quotas(needs, _applied(runtime), _defaults(runtime))
    except (ClientError, ReleaseError) as error:
        return (), _logged(
            "the account's quotas could not be read, so a later state may fail for one "
            f"that is too small: {error}"
        )
    found = shortfalls(needs, quotas)
    fatal = [shortfall.in_full() for shortfall in found if shortfall.fatal]
    if fatal:
        raise QuotaTooSmall("; ".join(fatal))
    names = {quota.name for quota in quotas}
    unlisted = [need for need in needs if need.name not in names]
    unknown = list(unknown_types(runtime.clients.sagemaker, unlisted))
    if unknown:
        raise InvalidParameter("; ".join(unknown))
    return quotas, _logged(
        *(shortfall.in_full() for shortfall in found),
        *(
            f"Service Quotas lists no quota {need.name!r}: look whether the region has that type"
            for need in unlisted
        ),
    )


def _logged(*notices: str) -> tuple[str, ...]:
    for notice in notices:
        logger.warning(notice)
    return notices


def _applied(runtime: Runtime) -> Any:
    pages = runtime.clients.service_quotas.get_paginator("list_service_quotas")
    return lambda service: _listed(runtime, pages.paginate(ServiceCode=service))


def _defaults(runtime: Runtime) -> Any:
    pages = runtime.clients.service_quotas.get_paginator("list_aws_default_service_quotas")
    return lambda service: _listed(runtime, pages.paginate(ServiceCode=service))


def _listed(runtime: Runtime, pages: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for page in pages:
        yield from page["Quotas"]
        if runtime.seconds_left() < TIME_KEPT:
            raise ServiceFault("Service Quotas took too long to list them")


def serving_fleet(runtime: Runtime) -> tuple[Fleet, ...]:
    """Return the fleets that the project's endpoint serves on; empty when it does not serve."""
    sagemaker = runtime.clients.sagemaker
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=runtime.environment.endpoint)
        if endpoint["EndpointStatus"] not in SERVES or "EndpointConfigName" not in endpoint:
            return ()
        config = sagemaker.describe_endpoint_config(
            EndpointConfigName=endpoint["EndpointConfigName"]
        )
    except ClientError as error:
        if not not_found(error):
            raise
        return ()  # the configuration was deleted, so its instances are unknown
    return fleets(endpoint, config)


def refuse_if_quota_too_small(
    runtime: Runtime, document: PlannedRelease, error: ClientError
) -> None:
    """Raise QuotaTooSmall when the quota can never hold the endpoint's old and new fleet.

    SageMaker counts everything that the account runs, so its refusal reads as if waiting would
    help. It would not: the old fleet ends only when the new one serves.
    """
    limit, plan = limit_of(error), document.plan
    if limit is None:
        return
    need = endpoint_need(plan.deployment, project=document.project, serving=serving_fleet(runtime))
    if (limit.service, limit.name) == (need.service, need.name) and limit.value < need.at_least:
        more = advice(need.service, need.name, need.wanted, plan.quotas)
        raise QuotaTooSmall(
            f"{error}. That cannot change by waiting: {need.purpose}, so {need.at_least} are "
            f"needed. {more}; or change {need.setting}"
        )
