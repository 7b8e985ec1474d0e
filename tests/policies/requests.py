"""Requests to judge: those that the template's policies are about and their neighbours, and
requests to policies made up of every element that the laptop's IAM knows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.policies.template import Policy

Context = dict[str, str | list[str]]


@dataclass(frozen=True)
class Case:
    """One request, and the policy that is asked. ``service`` asks as an AWS service does, of a
    policy with a Principal; otherwise the principal with the policy asks."""

    document: dict[str, Any]
    action: str
    resource: str
    context: Context = field(default_factory=dict)
    service: str = ""


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def of_template(policies: list[Policy]) -> Iterator[Case]:
    """Each policy is asked for what it grants, for the neighbours of that, and for all that any
    other policy of its kind grants."""
    for policy in policies:
        if policy.kind == "identity":
            for other in policies:
                if other.kind == "identity":
                    yield from _asked(policy, other.document, near=policy is other)
        else:
            yield from _asked(policy, policy.document, near=True)


def _asked(policy: Policy, grants: dict[str, Any], *, near: bool) -> Iterator[Case]:
    for statement in grants["Statement"]:
        context = _satisfying(statement.get("Condition", {}))
        for service in _services(policy, statement):
            for action in as_list(statement["Action"]):
                for pattern in as_list(statement["Resource"]):
                    request = (action.replace("*", "Any"), pattern.replace("*", "any-1"), context)
                    yield Case(policy.document, *request, service)
                    if near:
                        for neighbour in _neighbours(*request):
                            yield Case(policy.document, *neighbour, service)


def _services(policy: Policy, statement: dict[str, Any]) -> list[str]:
    if policy.kind == "identity":
        return [""]
    named = statement["Principal"]
    services = as_list(named.get("Service", [])) if isinstance(named, dict) else []
    return [*services, "other.amazonaws.com"]


def _satisfying(condition: dict[str, Any]) -> Context:
    return {
        key: as_list(wanted)[0].replace("*", "any-1")
        for keys in condition.values()
        for key, wanted in keys.items()
    }


def _neighbours(action: str, resource: str, context: Context) -> Iterator[tuple[str, str, Context]]:
    """Requests that differ in one thing."""
    service, _, name = action.partition(":")
    for other in (f"{service}:{name}s", f"{service}:Other", f"{service}x:{name}", action.lower()):
        yield other, resource, context
    for other in (
        "*",
        resource + "-2",
        resource + "/2",
        resource[:-1],
        resource.replace("111122223333", "444455556666"),
        resource.replace("eu-west-1", "us-east-1"),
        resource.replace("arn:aws:", "arn:aws-cn:"),
    ):
        yield action, other, context
    for key, value in context.items():
        yield action, resource, {name: held for name, held in context.items() if name != key}
        flags = ("true", "false")
        for other in flags if value in flags else (f"{value}-2", "", *flags):
            yield action, resource, {**context, key: other}
        yield action, resource, {key.upper(): value}


ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:GetBucketAcl", "sqs:SendMessage"]
ACTION_PATTERNS = [*ACTIONS, "s3:*", "s3:Get*", "*", "S3:getobject", "s3:?etObject"]
ARNS = [
    "arn:aws:s3:::one/a",
    "arn:aws:s3:::one/a/b",
    "arn:aws:s3:::two",
    "arn:aws:sqs:eu-west-1:111122223333:q",
]
ARN_PATTERNS = [
    *ARNS,
    "*",
    "arn:aws:s3:::one/*",
    "arn:aws:s3:::one/?",
    "arn:aws:sqs:*:111122223333:q",
    "arn:aws:s3:::${aws:PrincipalTag/bucket}/*",
]
STRINGS = ["a", "A", "ab", "b"]
OPERANDS: dict[str, tuple[list[str], list[str]]] = {
    # operators' family: what policies want, what requests give
    "String": ([*STRINGS, "a*", "?", "*"], STRINGS),
    "Arn": (["arn:aws:sns:*:111122223333:t", *ARNS, "arn:aws:s3:::*"], ARNS),
    "Numeric": (["1", "2", "2.5"], ["1", "2", "3"]),
    "Bool": (["true", "false"], ["true", "false"]),
}
OPERATORS = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "Bool",
]


def made_up(random: Random, count: int) -> Iterator[Case]:
    for _ in range(count):
        document = {"Statement": [_statement(random) for _ in range(random.choice([1, 1, 2, 3]))]}
        yield Case(document, random.choice(ACTIONS), random.choice(ARNS), _context(random))


def _statement(random: Random) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": random.choice(["Allow", "Allow", "Deny"]),
        random.choice(["Action", "Action", "NotAction"]): _some(random, ACTION_PATTERNS),
        random.choice(["Resource", "Resource", "NotResource"]): _some(random, ARN_PATTERNS),
    }
    if random.random() < 0.7:
        statement["Condition"] = dict(_condition(random) for _ in range(random.choice([1, 2])))
    return statement


def _condition(random: Random) -> tuple[str, dict[str, Any]]:
    if random.random() < 0.1:
        return "Null", {random.choice(list(OPERANDS)) + ":one": random.choice(["true", "false"])}
    operator = random.choice(OPERATORS)
    family = next(family for family in OPERANDS if operator.startswith(family))
    key = f"{family}:one"
    if random.random() < 0.2:
        operator += "IfExists"
    elif family == "String" and random.random() < 0.3:
        operator = random.choice(["ForAllValues:", "ForAnyValue:"]) + operator
        key = "String:many"
    wanted = OPERANDS[family][0]
    return operator, {key: random.choice(wanted) if family == "Bool" else _some(random, wanted)}


def _some(random: Random, values: list[str]) -> str | list[str]:
    choices: list[str | list[str]] = [random.choice(values), random.sample(values, 2)]
    return random.choice(choices)


def _context(random: Random) -> Context:
    context: Context = {}
    for family, (_, given) in OPERANDS.items():
        if random.random() < 0.7:
            context[f"{family}:one"] = random.choice(given)
    if random.random() < 0.7:
        context["String:many"] = random.sample(STRINGS, random.choice([1, 2]))
    if random.random() < 0.8:
        context["aws:PrincipalTag/bucket"] = random.choice(["one", "two"])
    return context
