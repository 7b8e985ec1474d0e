"""Completes short ids of releases and commits, as people type them."""

import re
from collections.abc import Collection
from pathlib import Path

from modelwharf.cli.checkout import Checkout
from modelwharf.cli.errors import CommandError
from modelwharf.cli.release import describe, recent_executions, trigger_of
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack
from modelwharf.cli.waits import recent_skips

PREFIX = "r-"  # prefix of every release's id
RELEASE = re.compile(rf"{PREFIX}[0-9a-f]{{16}}")
COMMIT = re.compile(r"[0-9a-f]{40}")
SHORT_COMMIT = re.compile(r"[0-9a-f]{4,39}")  # git accepts no fewer than four
LOOKED_AT = 1000  # executions; ListExecutions' maximum per call
SHOWN = 5  # candidates


def find_release(services: Services, stack: Stack, text: str) -> str:
    """Return the id that begins with ``text``, with or without its ``r-``.

    A text that begins no release's id is returned unchanged. Raises CommandError when it begins
    several.
    """
    if not text or RELEASE.fullmatch(text):
        return text
    names = [one["name"] for one in recent_executions(services, stack, limit=LOOKED_AT)]
    found = [name for name in names if name.startswith((text, PREFIX + text))]
    if text in found:
        return text
    if len(found) > 1:
        raise CommandError(_several("release", text, found))
    return found[0] if found else text


def find_commit(services: Services, stack: Stack, text: str) -> str:
    """Return the full id of the commit, known to this checkout or to a recent release.

    Raises CommandError when no commit begins with ``text``, or several do.
    """
    if COMMIT.fullmatch(text):
        return text
    here = Checkout(Path()).commits(text)
    found = here or _released(services, stack, text)
    if len(found) > 1:
        raise CommandError(_several("commit", text, sorted(found)))
    if not found:
        raise CommandError(
            f"neither this directory's checkout nor a newer release has a commit {text}: "
            "name it by its full id, 40 hexadecimal digits"
        )
    return next(iter(found))


def _released(services: Services, stack: Stack, text: str) -> set[str]:
    executions = recent_executions(services, stack)
    triggers = (trigger_of(describe(services, stack, one["name"])) for one in executions)
    known = {trigger.commit for trigger in triggers if trigger}
    known |= {skip.commit for skip in recent_skips(services, stack)}
    return {commit for commit in known if commit.startswith(text)}


def _several(kind: str, text: str, found: Collection[str]) -> str:
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    named = ", ".join(list(found)[:SHOWN])
    return f"{len(found)} {kind}s begin with {text}: {named}{more}; type more of it"
