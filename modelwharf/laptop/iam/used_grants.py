"""Record which grants of a deployed template a call needed, each once.

A grant is one action on one resource in a role's policy. A call needed it if no other grant of the
role allows that call. Only the roles of a template are recorded: grants that a test creates itself
need no upkeep. Nothing is recorded unless an environment variable names a folder.
"""

import json
import os
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from moto.cloudformation.models import cloudformation_backends

from modelwharf.contracts.laptop import USED_GRANTS
from modelwharf.laptop.iam.policies import Place, Request, allowances, as_list
from modelwharf.laptop.iam.principals import Principal


class UsedGrants:
    """The record of one cloud, as lines of JSON.

    The first line of each stack is ``{"stack": name, "grants": [grant…]}``, with every grant in its
    template. Lines with ``{"used": grant}`` follow. A grant has ``role`` (logical id), ``action``
    and ``resource`` as the template writes it, references unresolved.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
        self._seen: set[tuple[str, str, str]] = set()
        self._unwritten: list[tuple[str, Place]] = []
        self._warned: set[str] = set()
        self._lock = threading.Lock()

    @classmethod
    def wanted(cls, variables: Mapping[str, str]) -> "UsedGrants | None":
        """The record, if an environment variable names its folder."""
        folder = variables.get(USED_GRANTS)
        return cls(Path(folder)) if folder else None

    def note(self, principal: Principal, request: Request) -> None:
        """Note a request that only the principal's policies allow."""
        if principal.role is None:
            return
        key = (principal.role, request.action, request.resource)
        with self._lock:
            if key in self._seen:
                return
            self._seen.add(key)
            found = allowances(principal.documents, request)
            if len(found) == 1:
                self._unwritten.append((principal.role, found[0]))
                self._write(list(_stacks(principal.account)))

    def _write(self, stacks: Sequence[Any]) -> None:
        """Write the grants whose stack exists. A role may make calls before its stack exists."""
        waiting, self._unwritten = self._unwritten, []
        for role, place in waiting:
            name = role.rsplit("/", 1)[-1]
            found = next(((stack, id_) for stack in stacks if (id_ := _role_of(stack, name))), None)
            if found is None:
                self._unwritten.append((role, place))
                continue
            stack, logical_id = found
            template = stack.template_dict
            if stack.stack_id not in self._warned:
                self._warned.add(stack.stack_id)
                self._append({"stack": stack.name, "grants": grants_of(template)})
            written = _written(template["Resources"][logical_id], place)
            if written is not None:
                self._append(
                    {"used": {"role": logical_id, "action": place[2], "resource": written}}
                )

    def _append(self, line: Mapping[str, Any]) -> None:
        with self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _written(role: Mapping[str, Any], place: Place) -> Any:
    """The resource as the template writes it; None for a policy outside the template."""
    policy, statement, _, resource = place
    policies = role["Properties"].get("Policies", [])
    if policy >= len(policies):
        return None
    statements = as_list(policies[policy]["PolicyDocument"]["Statement"])
    return as_list(statements[statement]["Resource"])[resource]


def grants_of(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every grant in the roles of a template."""
    return [
        {"role": name, "action": action, "resource": resource}
        for name, body in template["Resources"].items()
        if body["Type"] == "AWS::IAM::Role"
        for policy in body.get("Properties", {}).get("Policies", [])
        for statement in as_list(policy["PolicyDocument"]["Statement"])
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]


def _stacks(account: str) -> Iterator[Any]:
    for backend in cloudformation_backends[account].values():
        yield from backend.stacks.values()


def _role_of(stack: Any, name: str) -> str | None:
    """The logical id of the stack's role with this name."""
    for logical_id, held in stack.resource_map._parsed_resources.items():
        if (
            getattr(held, "cf_resource_type", getattr(held, "type", "")) == "AWS::IAM::Role"
            and held.physical_resource_id == name
        ):
            return str(logical_id)
    return None
