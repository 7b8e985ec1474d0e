"""What the template and the state machine know of this room: handlers and error names."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambdas import errors
from modelwharf.contracts.states import every_state

CALLED_BY_EVENTS = {"start_release", "resume_release", "refresh_data"}
OF_THE_RELEASE = {state.module for state in every_state()}
ASL = Path(__file__).parents[3] / "statemachine" / "release.asl.json"
# Raised by Lambda and Step Functions themselves.
FOREIGN = re.compile(r"^(Lambda|States|Runtime|Sandbox)\.")


@pytest.mark.parametrize("module", sorted(CALLED_BY_EVENTS | OF_THE_RELEASE))
def test_every_module_has_its_handler(module: str) -> None:
    assert callable(importlib.import_module(f"lambdas.handlers.{module}").handler)


def caught_names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node.get("ErrorEquals", [])
        for value in node.values():
            yield from caught_names(value)
    elif isinstance(node, list):
        for value in node:
            yield from caught_names(value)


def test_every_error_that_the_state_machine_names_is_one_of_ours() -> None:
    names = {name for name in caught_names(json.loads(ASL.read_text())) if not FOREIGN.match(name)}
    assert {"Throttled", "ServiceFault", "EndpointBusy"} <= names
    assert names <= set(errors.__all__)


def test_every_error_says_what_it_means() -> None:
    for name in errors.__all__:
        assert getattr(errors, name).__name__ == name
        assert getattr(errors, name).__doc__


def functions_named_in_the_state_machine() -> set[str]:
    names = re.findall(r"\$\{(\w+)FunctionArn\}", ASL.read_text())
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names}


def test_every_function_that_the_state_machine_calls_is_here() -> None:
    assert functions_named_in_the_state_machine() == OF_THE_RELEASE
