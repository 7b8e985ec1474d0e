"""The layer between Lambda and a handler: parse the event, log the release, translate errors."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lambdas.document import lacks
from lambdas.errors import InvalidParameter, ReleaseError, service_errors
from lambdas.log import logger
from lambdas.runtime import Runtime, this_runtime
from modelwharf.contracts.quotas import Quota
from modelwharf.contracts.release import Plan

Event = TypeVar("Event", bound=BaseModel)
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any] | None]


def entry(
    event_type: type[Event], runtime: Callable[[], Runtime] = this_runtime
) -> Callable[[Callable[[Event, Runtime], BaseModel | None]], Handler]:
    """Make ``handler(event, context)`` of a function from a parsed event to a contract.

    The decorated function raises what its logic raises. Errors of AWS services are translated to
    Throttled, ServiceFault or AccessDenied where they mean that.
    """

    def decorate(answer: Callable[[Event, Runtime], BaseModel | None]) -> Handler:
        @wraps(answer)
        def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any] | None:
            logger.clear_state()
            logger.append_keys(request_id=getattr(context, "aws_request_id", None))
            try:
                with service_errors() as known:
                    parsed = _parsed(event_type, event)
                    known += _quotas(parsed)
                    logger.append_keys(release_id=getattr(parsed, "release_id", None))
                    result = answer(parsed, _within(runtime(), context))
            except (ReleaseError, InvalidParameter) as error:
                logger.error(str(error), error_type=type(error).__name__)
                raise
            return None if result is None else as_json(result)

        return handler

    return decorate


def _parsed(event_type: type[Event], event: Mapping[str, Any]) -> Event:
    """Parse the event. Raises IncompleteRelease for a section that no state has written."""
    try:
        return event_type.model_validate(event)
    except ValidationError as error:
        raise lacks(error) or error from None


def _within(runtime: Runtime, context: Any) -> Runtime:
    """Return the runtime for this one call; ``context`` is Lambda's own."""
    if not hasattr(context, "get_remaining_time_in_millis"):
        return runtime
    return replace(runtime, seconds_left=lambda: context.get_remaining_time_in_millis() / 1000)


def _quotas(event: BaseModel) -> tuple[Quota, ...]:
    """Return the quotas, with their codes, that Resolve looked up for the release."""
    plan = getattr(getattr(event, "release", event), "plan", None)
    return plan.quotas if isinstance(plan, Plan) else ()


def as_json(contract: BaseModel) -> dict[str, Any]:
    """Return the contract as Step Functions carries it: Catch's own keys keep their capitals."""
    return contract.model_dump(mode="json", by_alias=True)
