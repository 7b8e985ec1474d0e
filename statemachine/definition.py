"""The workflow as text: ``release.asl.json``, the same bytes on every machine."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from statemachine.graph import successors
from statemachine.sdk import Graph, Workflow
from statemachine.workflow import FunctionArn, placeholder, release

COMMENT = "One release of a model: build, train, check, deploy, verify; or roll back."
VERSION = "1.0"

# The order of keys in every object; keys not listed follow in the authored order.
_READING_ORDER = (
    "ErrorEquals",
    "Comment",
    "Version",
    "StartAt",
    "States",
    "Type",
    "Resource",
    "Parameters",
    "TimeoutSeconds",
    "TimeoutSecondsPath",
    "Branches",
    "ResultSelector",
    "ResultPath",
    "OutputPath",
    "Retry",
    "Catch",
    "Choices",
    "Default",
    "Next",
    "End",
)


def definition(arn: FunctionArn = placeholder) -> Graph:
    """Return the SDK's graph of the release."""
    return Graph(release(arn), comment=COMMENT, version=VERSION)


def asl() -> str:
    """Return the Amazon States Language text that is committed."""
    machine = definition().to_dict()
    machine["States"] = {name: machine["States"][name] for name in _walk(machine)}
    return json.dumps(_in_reading_order(machine), indent=2) + "\n"


def differs(path: Path) -> bool:
    """Whether the file differs from the workflow."""
    return not path.is_file() or path.read_bytes() != asl().encode()


def cloudformation(*, name: str, role: str, arn: FunctionArn) -> str:
    """Return the SDK's stand-alone template: the state machine alone, with the ARNs given."""
    # The SDK requires a client, but writing a template makes no call.
    no_client = SimpleNamespace(_client_config=SimpleNamespace(user_agent=""))
    workflow = Workflow(name=name, definition=definition(arn), role=role, client=no_client)
    return str(workflow.get_cloudformation_template(description=COMMENT))


def _walk(machine: dict[str, Any]) -> list[str]:
    """The states' names in the order of a release, then those that only an error leads to."""
    names: list[str] = []

    def visit(name: str) -> None:
        if name not in names:
            names.append(name)
            for following in successors(machine["States"][name]):
                visit(following)

    visit(machine["StartAt"])
    for name in list(names):
        for catcher in machine["States"][name].get("Catch", []):
            visit(catcher["Next"])
    return names


def _in_reading_order(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_reading_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = [key for key in _READING_ORDER if key in value]
    keys += [key for key in value if key not in _READING_ORDER]
    return {key: _in_reading_order(value[key]) for key in keys}
