"""Describes a function's event in a few words."""

import json
from typing import Any

from modelwharf.cli import brief

SHOWN = 120  # characters of an unknown text
BRANCH = "refs/heads/"
# The fields of a state-change event's detail that name the job or resource.
SUBJECTS = (
    "TrainingJobName", "ProcessingJobName", "EndpointName", "ModelPackageArn", "build-id", "name",
)  # fmt: skip


def in_words(event: Any) -> str:
    """Return what happened, and to which resource."""
    match event:
        case {"Records": [{"Sns": {"Message": str(message)}}, *_]}:
            return _message(message)
        case {"detail-type": "Scheduled Event"}:
            rules = ", ".join(map(brief.resource, event.get("resources", [])))
            return f"schedule {rules}".rstrip()
        case {"detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}}:
            return f"new data s3://{bucket}/{key}"
        case {"detail-type": str(kind), "detail": dict(detail)}:
            subjects = [str(detail[field]) for field in SUBJECTS if field in detail]
            return f"{kind}: {brief.resource(subjects[0])}" if subjects else kind
        case _:
            return _cut(json.dumps(event))


def _message(text: str) -> str:
    """Describe a message of the topic of changes (lambdas/sources.py reads it for the release)."""
    try:
        message = json.loads(text)
    except ValueError:
        return _cut(text)
    match message:
        case {"Records": [{"codecommit": {"references": [{"ref": str(ref)} as first, *more]}}, *_]}:
            commit = str(first.get("commit") or "")[: brief.SHORT]
            others = f" and {len(more)} more" if more else ""
            return f"push of {ref.removeprefix(BRANCH)} {commit}".rstrip() + others
        case {"source": str(source), "reason": str(reason)}:
            return f"{source}: {_cut(reason)}"
        case _:
            return _cut(text)


def _cut(text: str) -> str:
    line = brief.one_line(text)
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
