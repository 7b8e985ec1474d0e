"""The policies of a viewer, an operator and a deployer: only what their commands need."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelwharf.cli.policies.needs import DEPLOY, NEEDS, Need
from modelwharf.cli.policies.place import Place

LOOKING = (
    *("releases", "show", "logs", "preflight"),
    *("config show", "config diff", "config pull"),
)


@dataclass(frozen=True)
class Kind:
    """The commands of one kind of people.

    ``deploys`` adds what `cdk deploy` needs. ``deployed`` says whether the policy names the
    resources of a deployed stack.
    """

    commands: tuple[str, ...]
    deploys: bool = False
    deployed: bool = True


PEOPLE: Mapping[str, Kind] = {
    "viewer": Kind(LOOKING),
    "operator": Kind(
        (
            *LOOKING,
            *("push", "start", "approve", "reject", "invoke", "data put", "redrive"),
            *("config put", "config apply"),
        )
    ),
    "deployer": Kind(("preflight", "destroy"), deploys=True, deployed=False),
}


def policy(kind: Kind, place: Place) -> dict[str, Any]:
    """Return the policy document."""
    needs = [one for command in kind.commands for one in NEEDS[command](place)]
    if kind.deploys:
        needs += DEPLOY(place)
    return {"Version": "2012-10-17", "Statement": [_statement(one) for one in _merged(needs)]}


def _merged(needs: Iterable[Need]) -> list[Need]:
    """Merge needs: each action once for the same resources, equal actions together."""
    by_resources: dict[tuple[Any, ...], list[str]] = {}
    for one in needs:
        for resource in one.resources:
            place = (resource, _frozen(one.condition))
            by_resources.setdefault(place, []).extend(one.actions)
    by_actions: dict[tuple[Any, ...], list[str]] = {}
    for (resource, condition), actions in by_resources.items():
        by_actions.setdefault((tuple(sorted(set(actions))), condition), []).append(resource)
    return [
        Need(actions, tuple(resources), _thawed(condition))
        for (actions, condition), resources in by_actions.items()
    ]


def _frozen(condition: Mapping[str, Mapping[str, str]]) -> tuple[Any, ...]:
    return tuple((operator, *sorted(keys.items())) for operator, keys in condition.items())


def _thawed(condition: tuple[Any, ...]) -> dict[str, Any]:
    return {operator: dict(keys) for operator, *keys in condition}


def _statement(one: Need) -> dict[str, Any]:
    written: dict[str, Any] = {
        "Effect": "Allow",
        "Action": _one_or_all(one.actions),
        "Resource": _one_or_all(one.resources),
    }
    return {**written, "Condition": dict(one.condition)} if one.condition else written


def _one_or_all(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
