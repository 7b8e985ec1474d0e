"""Sections of the release document that a state needs from the ones before it."""

from typing import TypeVar

from contracts.release import Plan, ReleaseDocument
from lambdas.errors import IncompleteRelease

Section = TypeVar("Section")


def required(section: Section | None, name: str) -> Section:
    """Return the section. Raises IncompleteRelease when no state has written it."""
    if section is None:
        raise IncompleteRelease(f"the release document has no {name!r} yet")
    return section


def planned(document: ReleaseDocument) -> Plan:
    return required(document.plan, "plan")
