"""The states of a project's sections that a checkout knows and may therefore replace.

docs/decisions/0106-what-apply-may-replace.md gives the reasons.
"""

import json
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from modelwharf.artifact.contract import Contract
from modelwharf.cli.checkout import Checkout
from modelwharf.cli.errors import CommandError
from modelwharf.cli.section_comparison import section_of
from modelwharf.contracts.names import configuration_digest
from modelwharf.contracts.parameters import SECTIONS, Parameters
from modelwharf.contracts.section_text import validated

RECORD = Path(".wharf") / "known-sections.json"
"""Next to the project file: section → digest of the state last applied or pulled here."""


class KnownSections:
    """Knows a section if it has only defaults, if a commit of the file holds it, or if it was the
    last one applied or pulled here.
    """

    def __init__(self, file: Path) -> None:
        self._file = file.resolve()
        self._record = self._file.parent / RECORD

    def knows(self, section: str, model: Contract) -> bool:
        found = _digest(model)
        if found == _digest(section_of(Parameters(), section)):
            return True
        return self._recorded().get(section) == found or (section, found) in self._committed

    def remember(self, parameters: Parameters, sections: Iterable[str] = SECTIONS) -> None:
        """Record the sections as the common state of this checkout and Parameter Store."""
        new = {section: _digest(section_of(parameters, section)) for section in sections}
        text = json.dumps({**self._recorded(), **new}, indent=2) + "\n"
        with suppress(OSError):  # a read-only checkout still has its commits
            self._record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._record.write_text(text)

    def hint(self) -> str:
        """Return how to make more sections known, as the end of a sentence."""
        with suppress(CommandError):
            if Checkout(self._file.parent).is_shallow():
                return "; this clone lacks history: `git fetch --unshallow`"
        return ""

    def _recorded(self) -> dict[str, object]:
        """Read the record; empty when it is missing or cut off: it then guards nothing."""
        try:
            found = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @cached_property
    def _committed(self) -> frozenset[tuple[str, str]]:
        """Return (section, digest) for every commit of the file, without the sections that have a
        fault.
        """
        found: set[tuple[str, str]] = set()
        try:
            for text in Checkout(self._file.parent).versions(self._file.name):
                found.update(_sections(text))
        except CommandError:  # git is not installed
            return frozenset()
        return frozenset(found)


def _sections(text: str) -> Iterable[tuple[str, str]]:
    try:
        document = tomllib.loads(text)
        sections = {name: json.loads(json.dumps(document.get(name, {}))) for name in SECTIONS}
    except (ValueError, TypeError, RecursionError):
        return
    for name, section in sections.items():
        model = validated(type(section_of(Parameters(), name)), section)
        if isinstance(model, Contract):
            yield name, _digest(model)


def _digest(model: Contract) -> str:
    """Return the digest without defaults: a new key with a default changes no digest."""
    return configuration_digest(model.model_dump(mode="json", exclude_defaults=True))
