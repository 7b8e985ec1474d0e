"""Access to sections of the release document that earlier states wrote."""

from typing import TypeVar

from lambdas.errors import IncompleteRelease
from modelwharf.contracts.release import Plan, ReleaseDocument

Section = TypeVar("Section")


def required(section: Section | None, name: str) -> Section:
    """Return the section. Raises IncompleteRelease when no state has written it."""
    if section is None:
        raise IncompleteRelease(f"the release document has no {name!r} yet")
    return section


def planned(document: ReleaseDocument) -> Plan:
    return required(document.plan, "plan")
