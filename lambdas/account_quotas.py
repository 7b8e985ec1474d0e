"""Whether the account's quotas suffice, asked before anything is paid for."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from contracts.parameters import Parameters
from contracts.quotas import (
    Fleet,
    Quota,
    advice,
    endpoint_need,
    find_quotas,
    fleets,
    lacks,
    needs_of,
)
from contracts.release import ReleaseDocument
from lambdas.document import planned
from lambdas.endpoint import TRANSITIONAL
from lambdas.errors import QuotaTooSmall, ReleaseError, ServiceFault, limit_of, service_errors
from lambdas.log import logger
from lambdas.site import Site
from lambdas.submission import not_found

# SageMaker lists over a thousand quotas, 100 a page.
TIME_KEPT = 30  # seconds of the function's time that the look leaves to what comes after it
SERVES = {"InService", *TRANSITIONAL}


def required_quotas(
    site: Site, document: ReleaseDocument, parameters: Parameters
) -> tuple[tuple[Quota, ...], tuple[str, ...]]:
    """The quotas that the release needs, and what people should know of them.

    Service Quotas is the one service that no release needs: a look that it refuses, or does not
    manage, is told and fails nothing. The services refuse later what is too much.

    Raises QuotaTooSmall, which names every quota that can never suffice.
    """
    needs = needs_of(parameters, project=document.project, serving=serving_fleet(site))
    try:
        with service_errors():
            quotas = find_quotas(needs, _applied(site), _defaults(site))
    except (ClientError, ReleaseError) as error:
        return (), _told(
            "the account's quotas could not be looked at, so that a later state may fail for one "
            f"that is too small: {error}"
        )
    found = lacks(needs, quotas)
    fatal = [lack.in_full() for lack in found if lack.fatal]
    if fatal:
        raise QuotaTooSmall("; ".join(fatal))
    names = {quota.name for quota in quotas}
    return quotas, _told(
        *(lack.in_full() for lack in found),
        *(
            f"Service Quotas lists no quota {need.name!r}: look whether the region has that type"
            for need in needs
            if need.name not in names
        ),
    )


def _told(*notices: str) -> tuple[str, ...]:
    for notice in notices:
        logger.warning(notice)
    return notices


def _applied(site: Site) -> Any:
    pages = site.clients.service_quotas.get_paginator("list_service_quotas")
    return lambda service: _listed(site, pages.paginate(ServiceCode=service))


def _defaults(site: Site) -> Any:
    pages = site.clients.service_quotas.get_paginator("list_aws_default_service_quotas")
    return lambda service: _listed(site, pages.paginate(ServiceCode=service))


def _listed(site: Site, pages: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for page in pages:
        yield from page["Quotas"]
        if site.seconds_left() < TIME_KEPT:
            raise ServiceFault("Service Quotas took too long to list them")


def serving_fleet(site: Site) -> tuple[Fleet, ...]:
    """What the project's endpoint serves on; empty when it does not."""
    sagemaker = site.clients.sagemaker
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=site.environment.endpoint)
        if endpoint["EndpointStatus"] not in SERVES or "EndpointConfigName" not in endpoint:
            return ()
        config = sagemaker.describe_endpoint_config(
            EndpointConfigName=endpoint["EndpointConfigName"]
        )
    except ClientError as error:
        if not not_found(error):
            raise
        return ()  # of a configuration that was deleted nobody knows the instances
    return fleets(endpoint, config)


def refuse_if_never(site: Site, document: ReleaseDocument, error: ClientError) -> None:
    """Raise QuotaTooSmall when the endpoint's new fleet has no room beside its own old one.

    SageMaker counts all that the account runs, so that its refusal sounds as if it would pass;
    but the old fleet ends only when the new one serves.
    """
    limit, plan = limit_of(error), planned(document)
    if limit is None:
        return
    need = endpoint_need(plan.deployment, project=document.project, serving=serving_fleet(site))
    if (limit.service, limit.name) == (need.service, need.name) and limit.value < need.at_least:
        more = advice(need.service, need.name, need.wanted, plan.quotas)
        raise QuotaTooSmall(
            f"{error}. That cannot change by waiting: {need.purpose}, so {need.at_least} are "
            f"needed. {more}; or change {need.setting}"
        )
