"""Between Lambda and a handler: parse the event, name the release, translate errors."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

from pydantic import BaseModel

from contracts.quotas import Quota
from contracts.release import Plan
from lambdas.errors import InvalidParameter, ReleaseError, service_errors
from lambdas.log import logger
from lambdas.site import Site, this_site

Event = TypeVar("Event", bound=BaseModel)
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any] | None]


def entry(
    event_type: type[Event], site: Callable[[], Site] = this_site
) -> Callable[[Callable[[Event, Site], BaseModel | None]], Handler]:
    """Make ``handler(event, context)`` of a function from a parsed event to a contract.

    The decorated function raises what its logic raises, except that errors of AWS services
    come out as Throttled, ServiceFault or AccessDenied where they mean that.
    """

    def decorate(answer: Callable[[Event, Site], BaseModel | None]) -> Handler:
        @wraps(answer)
        def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any] | None:
            logger.clear_state()
            logger.append_keys(request_id=getattr(context, "aws_request_id", None))
            try:
                with service_errors() as known:
                    parsed = event_type.model_validate(event)
                    known += _quotas(parsed)
                    logger.append_keys(release_id=getattr(parsed, "release_id", None))
                    result = answer(parsed, _within(site(), context))
            except (ReleaseError, InvalidParameter) as error:
                logger.error(str(error), error_type=type(error).__name__)
                raise
            return None if result is None else as_json(result)

        return handler

    return decorate


def _within(site: Site, context: Any) -> Site:
    """The site as this one call sees it; ``context`` is Lambda's own."""
    if not hasattr(context, "get_remaining_time_in_millis"):
        return site
    return replace(site, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)


def _quotas(event: BaseModel) -> tuple[Quota, ...]:
    """The quotas that Resolve looked up for the release, with their codes."""
    plan = getattr(getattr(event, "release", event), "plan", None)
    return plan.quotas if isinstance(plan, Plan) else ()


def as_json(contract: BaseModel) -> dict[str, Any]:
    """The contract as Step Functions carries it: Catch's own keys keep their capitals."""
    return contract.model_dump(mode="json", by_alias=True)
