"""List… of SageMaker's jobs: filtered, sorted and paginated.

Stock moto paginates before it filters, and does not sort.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.responses import SageMakerResponse

from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.sagemaker.job import JobKind

# The API reference's defaults: ListTransformJobs has its own.
PAGES = {"transform job": 10}  # jobs
PAGE = 100  # jobs, for the other kinds
DEFAULT_ORDER = {"transform job": "Descending"}


def install(kind: JobKind, jobs: Callable[[SageMakerResponse], Mapping[str, Any]]) -> None:
    """List jobs of this kind. ``jobs`` are the jobs by name."""
    name = f"list_{kind.snake}s"
    stock_list = stock(SageMakerResponse, name)

    def answer(self: SageMakerResponse) -> ActionResult:
        stock_list(self)  # This refuses what the API refuses.
        found = [held for held in jobs(self).values() if _wanted(self, kind, held)]
        found.sort(key=_sort_key(self, kind), reverse=_order(self, kind) == "Descending")
        start = int(self._get_param("NextToken") or 0)
        end = start + (self._get_int_param("MaxResults") or PAGES.get(kind.words, PAGE))
        page: dict[str, Any] = {
            f"{kind.api}Summaries": [_summary(kind, held) for held in found[start:end]]
        }
        if end < len(found):
            page["NextToken"] = str(end)
        return ActionResult(page)

    replace(SageMakerResponse, name, answer)


def _wanted(response: SageMakerResponse, kind: JobKind, held: Any) -> bool:
    part, status = response._get_param("NameContains"), response._get_param("StatusEquals")
    if part and part.lower() not in _name(kind, held).lower():
        return False
    if status and status != _status(kind, held):
        return False
    return all(
        _between(response, key, moment)
        for key, moment in (
            ("CreationTime", held.creation_time),
            ("LastModifiedTime", held.last_modified_time),
        )
    )


def _between(response: SageMakerResponse, key: str, moment: datetime) -> bool:
    after, before = (response._get_param(f"{key}{side}") for side in ("After", "Before"))
    seconds = _seconds(moment)
    return (after is None or seconds > _seconds(after)) and (
        before is None or seconds < _seconds(before)
    )


def _seconds(moment: datetime | float | str) -> float:
    """Seconds since the epoch. A time without a time zone is in UTC, as moto stores it."""
    if not isinstance(moment, datetime):
        return float(moment)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _sort_key(response: SageMakerResponse, kind: JobKind) -> Callable[[Any], Any]:
    by = response._get_param("SortBy") or "CreationTime"
    if by == "Name":
        return lambda held: _name(kind, held)
    if by == "Status":
        return lambda held: _status(kind, held)
    return lambda held: _seconds(held.creation_time)


def _order(response: SageMakerResponse, kind: JobKind) -> str:
    return response._get_param("SortOrder") or DEFAULT_ORDER.get(kind.words, "Ascending")


def _name(kind: JobKind, held: Any) -> str:
    return str(getattr(held, f"{kind.snake}_name"))


def _status(kind: JobKind, held: Any) -> str:
    return str(getattr(held, f"{kind.snake}_status"))


def _summary(kind: JobKind, held: Any) -> dict[str, Any]:
    word = kind.words.split()[0]
    found = {
        f"{kind.api}Name": _name(kind, held),
        f"{kind.api}Arn": held.arn,
        f"{kind.api}Status": _status(kind, held),
        "CreationTime": held.creation_time,
        "LastModifiedTime": held.last_modified_time,
        f"{word.capitalize()}EndTime": getattr(held, f"{word}_end_time", None),
    }
    if word == "training":
        found["SecondaryStatus"] = held.secondary_status
    else:
        found["FailureReason"] = held.failure_reason
    return {key: value for key, value in found.items() if value}
