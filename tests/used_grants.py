"""Which grants of the template a run of all tests needed, and why some cannot be needed there.

The laptop's cloud notes each grant that a call needed (localcloud/iam/used_grants.py); here the
notes of all clouds are held against every grant of the template that they ran.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


def faults(notes: Notes, reasons: Mapping[Grant, str]) -> list[str]:
    """A line for each grant that nothing needed, and for each reason that is out of date."""
    if not notes.grants:
        return ["no cloud of this run noted a grant of the template"]
    return [
        *(f"nothing needed {grant}" for grant in _sorted(notes.grants - notes.used, reasons)),
        *(f"needed after all: {grant}" for grant in sorted(notes.used & reasons.keys())),
        *(f"not in the template: {grant}" for grant in sorted(reasons.keys() - notes.grants)),
    ]


def _sorted(grants: Iterable[Grant], reasons: Mapping[Grant, str]) -> list[Grant]:
    return sorted(grant for grant in grants if grant not in reasons)


REASONS: Mapping[Grant, str] = {}
