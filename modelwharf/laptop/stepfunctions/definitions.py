"""Definitions of state machines: refused as in AWS, with their substitutions filled in."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.models import StateMachine
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.stepfunctions.parsing import require_valid

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_.:-]+)\}")


class InvalidDefinition(AWSError):
    """The definition is not a state machine."""

    TYPE = "InvalidDefinition"
    STATUS = 400

    def __init__(self, problem: str) -> None:
        super().__init__(f"Invalid State Machine Definition: '{problem}'")


class StateMachineAlreadyExists(AWSError):
    """A state machine with this name has another definition."""

    TYPE = "StateMachineAlreadyExists"
    STATUS = 400


class UnfilledPlaceholder(ValueError):
    """The definition has a placeholder for which the template gives no substitution."""


def install() -> None:
    """Check what moto's parser does not: the targets of transitions, and existing names."""
    stock_create = stock(StepFunctionsParserBackend, "create_state_machine")
    stock_update = stock(StepFunctionsParserBackend, "update_state_machine")

    def create_state_machine(
        self: StepFunctionsParserBackend, name: str, definition: str, **rest: Any
    ) -> StateMachine:
        refuse_invalid(definition)
        for machine in self.state_machines:
            if machine.name == name and machine.definition != definition:
                raise StateMachineAlreadyExists(f"State Machine Already Exists: '{machine.arn}'")
        created: StateMachine = stock_create(self, name=name, definition=definition, **rest)
        return created

    def update_state_machine(
        self: StepFunctionsParserBackend, arn: str, definition: str | None = None, **rest: Any
    ) -> StateMachine:
        if definition is not None:
            refuse_invalid(definition)
        updated: StateMachine = stock_update(self, arn, definition=definition, **rest)
        return updated

    replace(StepFunctionsParserBackend, "create_state_machine", create_state_machine)
    replace(StepFunctionsParserBackend, "update_state_machine", update_state_machine)
    replace(StepFunctionsParserBackend, "_validate_definition", _parsed_already)


def _parsed_already(*_: object, definition: str) -> None:
    """Skip stock moto's second parse after ``refuse_invalid``, which takes a third of a second."""


def refuse_invalid(definition: str) -> None:
    """Raise InvalidDefinition, with AWS's text where known, unless the definition can run."""
    try:
        machine = json.loads(definition)
    except ValueError as error:
        raise InvalidDefinition(f"INVALID_JSON_DESCRIPTION: {error}") from None
    if not isinstance(machine, dict):
        raise InvalidDefinition("SCHEMA_VALIDATION_FAILED: the definition is not an object at /")
    found = list(_problems(machine, ""))
    if found:
        raise InvalidDefinition(", ".join(found))
    try:
        require_valid(definition)
    except Exception as error:  # the parser raises many kinds of errors
        raise InvalidDefinition(f"SCHEMA_VALIDATION_FAILED: {error}") from None


def substitute(definition: str, substitutions: Mapping[str, str]) -> str:
    """Fill in each ``${Name}`` as CloudFormation's DefinitionSubstitutions do.

    Raises UnfilledPlaceholder for a name without a value: AWS would keep the text, and the first
    execution would fail.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in substitutions:
            raise UnfilledPlaceholder(
                f"the state machine's definition names ${{{name}}}, which DefinitionSubstitutions "
                f"does not give; it gives {', '.join(sorted(substitutions)) or 'nothing'}"
            )
        return str(substitutions[name])

    return _PLACEHOLDER.sub(value, definition)


def _problems(machine: Mapping[str, Any], path: str) -> Iterator[str]:
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield f"SCHEMA_VALIDATION_FAILED: the required field States is missing at {path or '/'}"
        return
    if machine.get("StartAt") not in states:
        yield _missing("StartAt", machine.get("StartAt"), f"{path}/StartAt")
        return
    for name, state in states.items():
        for field, target in _transitions(state):
            if target not in states:
                yield _missing(field.rpartition("/")[2], target, f"{path}/States/{name}/{field}")
        for field, inner in _inner_machines(state):
            yield from _problems(inner, f"{path}/States/{name}/{field}")
    for name in states.keys() - _reachable(machine["StartAt"], states):
        yield f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable. at {path}/States/{name}'


def _missing(field: str, target: Any, place: str) -> str:
    return f"MISSING_TRANSITION_TARGET: Missing '{field}' target: {target} at {place}"


def _transitions(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(field, [])):
            yield f"{field}[{index}]/Next", rule.get("Next")


def _inner_machines(state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, branch in enumerate(state.get("Branches", [])):
        yield f"Branches[{index}]", branch
    for field in ("Iterator", "ItemProcessor"):
        if field in state:
            yield field, state[field]


def _reachable(start: str, states: Mapping[str, Any]) -> set[str]:
    reached: set[str] = set()
    pending = [start]
    while pending:
        name = pending.pop()
        if name in states and name not in reached:
            reached.add(name)
            pending.extend(target for _, target in _transitions(states[name]))
    return reached
