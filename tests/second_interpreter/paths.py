"""Every path through a state machine, made from its definition: each state times each outcome.

A path names the values that its choices look at, and what the functions on it do. A new state,
Retry or Catch brings its paths along; what this cannot make a path for is refused by name.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

State = Mapping[str, Any]

BROKEN = "Broken"  # an error that no Retry names
RETRIES = 2  # stands in for a larger MaxAttempts, the same on both sides
ERROR = ".Error"  # what a Catch writes: the path gets there by its failure, not by a value
OTHERWISE = "none of the choices"


@dataclass(frozen=True)
class Raises:
    """The function ends with an error of this kind."""

    error: str


@dataclass(frozen=True)
class Fails:
    """The function returns; its token gets a failure."""

    error: str


@dataclass(frozen=True)
class Silent:
    """The function returns; its token gets no answer."""


@dataclass(frozen=True)
class Late:
    """The function returns; its token is answered well only then."""


@dataclass(frozen=True)
class Well:
    """The function answers at once, or answers its token before it returns."""


Deed = Raises | Fails | Silent | Late | Well


@dataclass(frozen=True)
class MachinePath:
    """``deeds``: state → what its function does attempt by attempt; the last one goes on."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    deeds: Mapping[str, tuple[Deed, ...]] = field(default_factory=dict)

    def silent(self) -> set[str]:
        return {name for name, deeds in self.deeds.items() if Silent() in deeds}

    def broken(self) -> set[str]:
        return {name for name, deeds in self.deeds.items() if deeds[-1] not in (Well(), Late())}


def waits(state: State) -> bool:
    return str(state.get("Resource", "")).endswith(".waitForTaskToken")


def tasks(machine: State) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Each Task with its name and the top-level state that it is (in), branches included."""
    for name, state in machine["States"].items():
        if state["Type"] == "Task":
            yield name, state, name
        elif state["Type"] == "Parallel":
            for branch in state["Branches"]:
                for inner, task, _ in tasks(branch):
                    yield inner, task, name
        elif state["Type"] not in ("Choice", "Succeed", "Fail", "Pass"):
            raise ValueError(f"state {name}: no paths are known for the type {state['Type']}")


def machine_paths(machine: State) -> list[MachinePath]:
    """All of them; the first are those on which nothing fails."""
    base = _shortest(machine)
    successes = list(_successes(machine))
    found = [MachinePath(f"all well: {name}", values) for name, values in successes]
    shortest = successes[-1][1]  # what a path goes on with that its beginning says nothing of
    for name, case in base.items():
        if machine["States"][name]["Type"] in ("Succeed", "Fail"):
            found.append(MachinePath(f"to {name}", {**shortest, **case.values}, case.deeds))
    seen: set[Any] = set()
    for name, state, top in tasks(machine):
        for outcome, deeds in _outcomes(state, seen):
            there = base[top]
            values = {**shortest, **there.values}
            found.append(MachinePath(f"{name}: {outcome}", values, {**there.deeds, name: deeds}))
    return found


def _outcomes(state: State, seen: set[Any]) -> Iterator[tuple[str, tuple[Deed, ...]]]:
    yield "its function raises", (Raises(BROKEN),)
    if waits(state):
        yield "its token gets a failure", (Fails(BROKEN),)
        yield "nobody answers its token", (Silent(),)
        yield "its token is answered after the function", (Late(),)
    for catcher in state.get("Catch", []):
        for error in catcher["ErrorEquals"]:
            if error not in ("States.ALL", "States.TaskFailed"):
                yield f"it ends with {error}", (_deed(error),)
    for retrier in state.get("Retry", []):
        first, *others = retrier["ErrorEquals"]
        yield f"{first} once", (_deed(first), Well())
        attempts = _attempts(retrier)
        yield f"{first} for good", (_deed(first),) * (attempts + 2)
        yield f"{first} as often as it is tried again", (_deed(first),) * attempts + (Well(),)
        if waits(state) and not first.startswith("States."):
            yield f"its token gets {first} once", (Fails(first), Well())
        kind = (waits(state), tuple(retrier["ErrorEquals"]))
        if kind not in seen:
            seen.add(kind)
            for error in others:
                yield f"{error} once", (_deed(error), Well())


def _deed(error: str) -> Deed:
    if error in ("States.Timeout", "States.HeartbeatTimeout"):
        return Silent()
    if error.startswith("States."):
        raise ValueError(f"no path is known that ends with {error}")
    return Raises(error)


def _attempts(retrier: State) -> int:
    return min(int(retrier.get("MaxAttempts", 3)), RETRIES)


def _shortest(machine: State) -> dict[str, MachinePath]:
    """For each top-level state, the path to it with the fewest failures, then the shortest."""
    order = itertools.count()
    queue: list[tuple[int, int, int, str, MachinePath]] = [
        (0, 0, next(order), machine["StartAt"], MachinePath("to the start"))
    ]
    found: dict[str, MachinePath] = {}
    while queue:
        _, steps, _, name, case = heapq.heappop(queue)
        if name in found:
            continue
        found[name] = case
        for following, onward in _onward(name, machine["States"][name], case):
            more = len(onward.broken())
            heapq.heappush(queue, (more, steps + 1, next(order), following, onward))
    missing = machine["States"].keys() - found.keys()
    if missing:
        raise ValueError(f"no path leads to {', '.join(sorted(missing))}")
    return found


def _onward(name: str, state: State, case: MachinePath) -> Iterator[tuple[str, MachinePath]]:
    if "Next" in state:
        yield state["Next"], case
    for values, following in _choices(name, state):
        errors = {value for path, value in values.items() if path.endswith(ERROR)}
        deeds = dict(case.deeds)
        if errors and not deeds:
            continue  # nothing has failed on this path
        for error in errors - {OTHERWISE}:
            deeds[next(iter(deeds))] = (Raises(error),)
        values = {path: value for path, value in values.items() if not path.endswith(ERROR)}
        if all(case.values.get(path, value) == value for path, value in values.items()):
            yield following, MachinePath(case.name, {**case.values, **values}, deeds)
    for catcher in state.get("Catch", []):
        error = catcher["ErrorEquals"][0]
        deed = Raises(BROKEN) if error in ("States.ALL", "States.TaskFailed") else _deed(error)
        yield (
            catcher["Next"],
            MachinePath(case.name, case.values, {**case.deeds, _task(name, state): (deed,)}),
        )


def _task(name: str, state: State) -> str:
    """The task whose failure is the state's own."""
    if state["Type"] == "Task":
        return name
    return next(inner for inner, _, _ in tasks(state["Branches"][0]))


def _choices(name: str, state: State) -> Iterator[tuple[dict[str, Any], str]]:
    """What a Choice must see to go where; each rule compares one variable with one value."""
    rules = state.get("Choices", [])
    for rule in rules:
        leaves = _leaves(rule)
        yield {leaf["Variable"]: _value(name, leaf) for leaf in leaves}, rule["Next"]
    if "Default" in state:
        firsts = [_leaves(rule)[0] for rule in rules]
        others = {leaf["Variable"]: _other(name, leaf) for leaf in firsts}
        yield others, state["Default"]


def _leaves(rule: State) -> list[State]:
    """The comparisons that must hold; one that holds where nothing is needs no value."""
    if "And" in rule:
        return [leaf for one in rule["And"] for leaf in _leaves(one)]
    if "Or" in rule:
        return _leaves(rule["Or"][0])
    return [] if rule.get("IsPresent") is False else [rule]


def _value(name: str, rule: State) -> Any:
    compared = {key: rule[key] for key in rule.keys() - {"Variable", "Next", "Comment"}}
    match compared:
        case {"StringEquals": value} | {"NumericEquals": value} | {"BooleanEquals": value}:
            return value
    raise ValueError(f"choice {name}: no path is known for {', '.join(sorted(compared))}")


def _other(name: str, rule: State) -> Any:
    value = _value(name, rule)
    if isinstance(value, bool):
        return not value
    return OTHERWISE if isinstance(value, str) else value + 1


def _successes(machine: State) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each way from the start on which nothing fails, with the values that its choices need."""
    states = machine["States"]

    def walk(name: str, values: dict[str, Any], turns: tuple[str, ...]) -> Iterator[Any]:
        following = list(_choices(name, states[name]))
        if "Next" in states[name]:
            yield from walk(states[name]["Next"], values, turns)
        elif following:
            for needed, then in following:
                yield from walk(then, {**values, **needed}, (*turns, f"{name} to {then}"))
        else:
            yield ", ".join(turns) or name, values

    yield from walk(machine["StartAt"], {}, ())
