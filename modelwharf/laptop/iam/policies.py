"""IAM's evaluation of policy documents, as pure functions.

The rules are those of "Policy evaluation logic" in the IAM User Guide, for one account and
without permission boundaries, session policies or service control policies.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import Any

Document = Mapping[str, Any]
Value = str | Sequence[str]


class UnknownCondition(Exception):
    """This evaluator does not know the condition operator. It never guesses."""


class Decision(Enum):
    """The result of a set of policies for one request."""

    ALLOWED = auto()
    DENIED = auto()
    """An explicit Deny, which overrides every Allow."""
    SILENT = auto()


@dataclass(frozen=True)
class Request:
    """One action on one resource. ``context`` holds condition keys, such as aws:SourceArn.

    ``principal`` is compared with the Principal element of resource policies:
    ``{"AWS": [arns]}`` or ``{"Service": [names]}``.
    """

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)
    principal: Mapping[str, Sequence[str]] = field(default_factory=dict)


def decide(documents: Iterable[Document], request: Request) -> Decision:
    """Judge a request by policies. Raises UnknownCondition."""
    decision = Decision.SILENT
    for document in documents:
        for statement in as_list(document["Statement"]):
            if not _applies(statement, request):
                continue
            if statement["Effect"] == "Deny":
                return Decision.DENIED
            decision = Decision.ALLOWED
    return decision


Place = tuple[int, int, str, int]
"""The position of a grant in policies: the document's number, the statement's number, the action as
written, the number of the resource in the statement.
"""


def allowances(documents: Sequence[Document], request: Request) -> list[Place]:
    """Every grant that allows the request."""
    return [
        (number, place, action, position)
        for number, document in enumerate(documents)
        for place, statement in enumerate(as_list(document["Statement"]))
        if statement["Effect"] == "Allow" and _applies(statement, request)
        for action in as_list(statement.get("Action", []))
        if _any_matches(action, request.action, ignore_case=True)
        for position, pattern in enumerate(as_list(statement.get("Resource", [])))
        if _any_matches(_with_variables(pattern, request.context), request.resource)
    ]


def as_list(value: Any) -> list[Any]:
    """A policy element as a list: it may be one item or a list of items."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _applies(statement: Document, request: Request) -> bool:
    return (
        _concerns_principal(statement, request.principal)
        and _concerns_action(statement, request.action)
        and _concerns_resource(statement, request)
        and all(
            _holds(operator, keys, request.context)
            for operator, keys in statement.get("Condition", {}).items()
        )
    )


def _concerns_principal(statement: Document, principal: Mapping[str, Sequence[str]]) -> bool:
    """Whether the statement names the principal. An identity policy applies to its owner."""
    if "NotPrincipal" in statement:
        raise UnknownCondition("NotPrincipal is not known to the laptop's IAM")
    if "Principal" not in statement:
        return True
    named = statement["Principal"]
    if named == "*" or "*" in as_list(named.get("AWS", [])):
        return True
    return any(
        name in as_list(named.get(kind, [])) for kind, names in principal.items() for name in names
    )


def _concerns_action(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not _any_matches(statement["NotAction"], action, ignore_case=True)
    return _any_matches(statement["Action"], action, ignore_case=True)


def _concerns_resource(statement: Document, request: Request) -> bool:
    def matches(patterns: Any) -> bool:
        filled = [_with_variables(pattern, request.context) for pattern in as_list(patterns)]
        return _any_matches(filled, request.resource)

    if "NotResource" in statement:
        return not matches(statement["NotResource"])
    # A trust policy has no Resource: it applies to its own role.
    return "Resource" not in statement or matches(statement["Resource"])


def _with_variables(pattern: str, context: Mapping[str, Value]) -> str:
    def fill(match: re.Match[str]) -> str:
        value = _value_of(match[1], context)
        # An unknown variable matches nothing, as in AWS: no ARN contains a NUL.
        return value if isinstance(value, str) else "\0"

    return re.sub(r"\$\{([^}]+)\}", fill, pattern)


def _any_matches(patterns: Any, text: str, *, ignore_case: bool = False) -> bool:
    return any(matches(pattern, text, ignore_case=ignore_case) for pattern in as_list(patterns))


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Match IAM's wildcards: ``*`` is any text, ``?`` any one character."""
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(character) or re.escape(character) for character in pattern)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _matches_arn(pattern: str, text: str) -> bool:
    """Match ARNs part by part, so that a wildcard does not cross a colon."""
    wanted, given = pattern.split(":", 5), text.split(":", 5)
    return len(wanted) == len(given) and all(map(matches, wanted, given))


Operator = Callable[[str, str], bool]

_OPERATORS: Mapping[str, Operator] = {
    "StringEquals": lambda wanted, given: wanted == given,
    "StringEqualsIgnoreCase": lambda wanted, given: wanted.lower() == given.lower(),
    "StringLike": matches,
    "ArnEquals": _matches_arn,
    "ArnLike": _matches_arn,
    "Bool": lambda wanted, given: wanted.lower() == given.lower(),
    "NumericEquals": lambda wanted, given: float(given) == float(wanted),
    "NumericLessThan": lambda wanted, given: float(given) < float(wanted),
    "NumericLessThanEquals": lambda wanted, given: float(given) <= float(wanted),
    "NumericGreaterThan": lambda wanted, given: float(given) > float(wanted),
    "NumericGreaterThanEquals": lambda wanted, given: float(given) >= float(wanted),
}
_NEGATED: Mapping[str, str] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
}


def _holds(operator: str, keys: Mapping[str, Any], context: Mapping[str, Value]) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UnknownCondition(f"condition operator {operator!r} is not known to the laptop's IAM")
    return all(
        _key_holds(quantifier, name, as_list(wanted), _value_of(key, context))
        for key, wanted in keys.items()
    )


def _value_of(key: str, context: Mapping[str, Value]) -> Value | None:
    """The value of a condition key, whose case does not matter."""
    folded = key.lower()
    return next((value for name, value in context.items() if name.lower() == folded), None)


def _key_holds(quantifier: str, name: str, wanted: list[Any], value: Value | None) -> bool:
    texts = [_text(item) for item in wanted]
    if name == "Null":
        return (value is None) == (texts[0] == "true")
    base = name.removesuffix("IfExists")
    negated = base in _NEGATED
    compare = _OPERATORS.get(_NEGATED.get(base, base))
    if compare is None:
        raise UnknownCondition(f"condition operator {name!r} is not known to the laptop's IAM")
    if value is None:
        # ForAnyValue has nothing to match, and is false even for a negated operator.
        return base != name or quantifier == "ForAllValues" or (negated and not quantifier)

    def holds(given: str) -> bool:
        return any(compare(text, given) for text in texts) != negated

    given_values = [value] if isinstance(value, str) else list(value)
    if quantifier == "ForAllValues":
        return all(map(holds, given_values))
    return any(map(holds, given_values))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
