"""Which of moto's tests fail on the laptop's cloud, and why."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

FILE = Path(__file__).parent / "differences.toml"


@dataclass(frozen=True)
class Difference:
    """Tests that fail here for one reason. ``says``: a pattern of what each failure says.

    ``tests`` are node ids below ``tests/test_``; ``*`` stands for any text.
    """

    reason: str
    tests: tuple[str, ...]
    says: str = ""

    def names(self, test: str) -> bool:
        return any(_names(pattern, test) for pattern in self.tests)


@dataclass(frozen=True)
class Result:
    """Of one test. ``said``: the message of the failure."""

    test: str
    passed: bool
    said: str = ""


def differences(path: Path = FILE) -> list[Difference]:
    entries = tomllib.loads(path.read_text())["difference"]
    return [
        Difference(entry["reason"], tuple(entry["tests"]), entry.get("says", ""))
        for entry in entries
    ]


def faults(results: Iterable[Result], known: list[Difference], *, whole: bool = True) -> list[str]:
    """What is not as the list has it, in words: a failure that no entry names or that says
    something else, a named test that passes, a name of nothing. Services that did not run are
    not missed, nor is anything unless their ``whole`` services did."""
    ran = sorted(results, key=lambda result: result.test)
    services = {result.test.partition("/")[0] for result in ran}
    found = [
        f"{pattern} of {FILE.name} names no test"
        for entry in known
        for pattern in entry.tests
        if whole
        and pattern.partition("/")[0] in services
        and not any(_names(pattern, result.test) for result in ran)
    ]
    for result in ran:
        named = [entry for entry in known if entry.names(result.test)]
        if result.passed and named:
            found.append(f"{result.test} passes: take it out of {FILE.name}")
        elif not result.passed and not any(_explains(entry, result) for entry in named):
            found.append(f"{result.test} fails: {result.said}")
    return found


def _names(pattern: str, test: str) -> bool:
    return fnmatchcase(test, pattern.replace("[", "[[]"))  # of a parametrised test


def _explains(entry: Difference, result: Result) -> bool:
    return re.search(entry.says, result.said, re.DOTALL) is not None
