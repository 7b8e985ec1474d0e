"""Where principalmapper decides otherwise than AWS documents, and so otherwise than we do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.policies.requests import Case


@dataclass(frozen=True)
class Difference:
    """``reason`` names what AWS does, with the source, and what principalmapper does."""

    reason: str
    concerns: Callable[[Case], bool]


def _conditions(case: Case) -> Iterator[tuple[str, str]]:
    """Operator and key of every condition of the policy."""
    for statement in case.document["Statement"]:
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                yield operator, key


def _names_every_account(statement: dict[str, Any]) -> bool:
    named = statement.get("Principal")
    return isinstance(named, dict) and named.get("AWS") == "*"


DIFFERENCES = (
    Difference(
        'AWS: "*" and {"AWS": "*"} are the same, anyone (IAM user guide, "Principal"). '
        "principalmapper does not count a service among the second.",
        lambda case: (
            bool(case.service) and any(map(_names_every_account, case.document["Statement"]))
        ),
    ),
    Difference(
        "AWS: IfExists may end any operator but Null (IAM user guide, "
        '"Condition operators"). principalmapper compares the names of the numeric operators '
        "without it, and lets none hold that has it.",
        lambda case: any(
            operator.startswith("Numeric") and operator.endswith("IfExists")
            for operator, _ in _conditions(case)
        ),
    ),
    Difference(
        "AWS: a negated operator holds when the key is missing, StringNotLike named among them "
        '(IAM user guide, "Condition operators"). principalmapper lets this one fail.',
        lambda case: any(
            operator == "StringNotLike" and key not in case.context
            for operator, key in _conditions(case)
        ),
    ),
    Difference(
        "AWS: with ForAnyValue one value of the request that differs will do (IAM user guide, "
        '"Multivalued context keys"). principalmapper wants each one to differ.',
        lambda case: any(
            operator.startswith("ForAnyValue:String")
            and "Not" in operator
            and len(case.context.get(key, ())) > 1
            for operator, key in _conditions(case)
        ),
    ),
)
