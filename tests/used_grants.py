"""Which grants of the template a run of all tests needed, and why some cannot be needed there.

The laptop's cloud notes each grant that a call needed (laptop/iam/used_grants.py); here the
notes of all clouds are held against every grant of the template that they ran.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.infra.template import HASH, readable

STACK = "modelwharf-oil-price"


@dataclass(frozen=True, order=True)
class Grant:
    """One action on one resource, of one role; names as tests/infra/template.py writes them."""

    role: str
    action: str
    resource: str

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> "Grant":
        resource = readable(written["resource"])
        return cls(HASH.sub("", written["role"]), written["action"], resource)

    def __str__(self) -> str:
        return f"{self.role}: {self.action} on {self.resource}"


@dataclass(frozen=True)
class Reason:
    """Why grants stand though no test can need them. ``role`` is a shell's pattern."""

    why: str
    role: str
    actions: tuple[str, ...]

    def covers(self, grant: Grant) -> bool:
        return fnmatchcase(grant.role, self.role) and grant.action in self.actions


@dataclass(frozen=True)
class Notes:
    """What the clouds of a run noted of the stack."""

    grants: frozenset[Grant]
    used: frozenset[Grant]

    @classmethod
    def read(cls, folder: Path) -> "Notes":
        """Of other stacks, which tests deploy, nothing."""
        grants: set[Grant] = set()
        used: set[Grant] = set()
        for file in folder.glob("*.jsonl"):
            for line in map(json.loads, file.read_text().splitlines()):
                if line.get("stack") == STACK:
                    grants |= {Grant.of(grant) for grant in line["grants"]}
                elif "used" in line:
                    used.add(Grant.of(line["used"]))
        return cls(frozenset(grants), frozenset(used & grants))


def faults(notes: Notes, reasons: Iterable[Reason]) -> list[str]:
    """A line for each grant that nothing needed, and for each reason that is out of date."""
    if not notes.grants:
        return ["no cloud of this run noted a grant of the template"]
    excused = {g: one for one in reasons for g in notes.grants if one.covers(g)}
    dead = [
        f"a reason for a grant that is not in the template: {one.role}: {action}"
        for one in reasons
        for action in one.actions
        if not any(one.covers(g) and g.action == action for g in notes.grants)
    ]
    return [
        *(f"nothing needed {g}" for g in sorted(notes.grants - notes.used - excused.keys())),
        *(f"needed, so its reason can go: {g}" for g in sorted(notes.used & excused.keys())),
        *dead,
    ]


REASONS = (
    Reason(
        "Lambda and Step Functions send traces by daemons of their own; the laptop has none.",
        "*Role",
        ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    ),
    Reason(
        "Step Functions asks X-Ray what to sample.",
        "WorkflowRole",
        ("xray:GetSamplingRules", "xray:GetSamplingTargets"),
    ),
    Reason(
        "The laptop has no public registry; the buildspec logs in where one answers.",
        "ImagesBuildRole",
        ("ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"),
    ),
    Reason(
        "BuildKit reads the layers of earlier images (CACHE_IMAGES); the laptop's engine has them.",
        "ImagesBuildRole",
        ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    ),
    Reason(
        "The developer guide wants it for every execution role; the template makes this group.",
        "ExecutionRolesServe",
        ("logs:CreateLogGroup",),
    ),
)
