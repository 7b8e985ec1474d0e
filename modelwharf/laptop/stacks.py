"""CloudFormation's update and deletion of a stack, which stock moto only imitates.

An update creates new resources, changes others in place where possible and replaces the rest, in
the order of references. Then it deletes what left the template. A failure undoes all of it. What a
DeletionPolicy retains stays. A service's refusal to delete a resource is reported.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Event, Stack
from moto.cloudformation.parsing import OutputMap, ResourceMap
from moto.moto_api._internal import mock_random

from modelwharf.laptop.references import order_of
from modelwharf.laptop.resources.resource import FAILURES, Resource, ResourceRefused

RETAINED = frozenset({"Retain", "RetainExceptOnCreate"})
METADATA_TYPE = "AWS::CDK::Metadata"
_POLICIES = frozenset({"DeletionPolicy", "UpdateReplacePolicy"})

Template = Mapping[str, Any]


@dataclass
class _Journal:
    """The completed steps of an update, in order."""

    made: list[tuple[str, Any]] = field(default_factory=list)
    modified: list[tuple[Resource, Mapping[str, Any]]] = field(default_factory=list)
    """Each resource with its former properties."""
    replaced: list[tuple[str, Any]] = field(default_factory=list)
    """The old resource of each name that got a new one."""


class _Failed(Exception):
    """A resource could not be created or changed. The stack's events give the reason."""


def create(stack: Stack) -> None:
    """Create everything in the template, or nothing: then the status is ROLLBACK_COMPLETE."""
    empty = _map_of(stack, {}, {})
    new = _map_of(stack, stack.template_dict, stack.parameters)
    if _apply(stack, empty, new, "CREATE", "ROLLBACK"):
        stack.output_map = stack._create_output_map()
    else:
        stack.resource_map, stack.output_map = empty, OutputMap(empty, {}, stack.stack_id)


def update(
    stack: Stack, template: str, parameters: Mapping[str, Any], tags: Mapping[str, str] | None
) -> None:
    """Update the stack to the template. Raises ValidationError; nothing was changed then.

    A failure during the update raises nothing: the status becomes UPDATE_ROLLBACK_COMPLETE.
    """
    wanted = Stack.parse_template(template)
    before = stack.template_dict
    given = {**stack.parameters, **parameters}
    given = {name: value for name, value in given.items() if name in wanted.get("Parameters", {})}
    _require_changes(stack, wanted, given)
    _refuse_other_types(before, wanted)
    old, new = stack.resource_map, _map_of(stack, wanted, given)
    stack._add_stack_event("UPDATE_IN_PROGRESS", resource_status_reason="User Initiated")
    if _apply(stack, old, new, "UPDATE", "UPDATE_ROLLBACK"):
        stack.template, stack.template_dict, stack.parameters = template, wanted, given
        stack.description = wanted.get("Description")
        stack.tags = dict(tags) if tags is not None else stack.tags
        stack.output_map = stack._create_output_map()


def delete(stack: Stack, retain: Iterable[str] = ()) -> bool:
    """Delete the stack. False if a deletion failed. Raises ValidationError."""
    if stack.enable_termination_protection:
        raise ValidationError(
            message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        )
    if retain and stack.status != "DELETE_FAILED":
        raise ValidationError(
            message="Invalid operation on stack. RetainResources is for stacks in DELETE_FAILED"
        )
    stack.status = "DELETE_IN_PROGRESS"
    stack._add_stack_event("DELETE_IN_PROGRESS", resource_status_reason="User Initiated")
    resources = stack.resource_map._resource_json_map
    failed = []
    for name in reversed(order_of(resources)):
        parsed = stack.resource_map._parsed_resources.get(name)
        if parsed is None or not isinstance(resources[name], dict):
            continue
        if resources[name].get("DeletionPolicy") in RETAINED or name in retain:
            _tell(stack, name, parsed, "DELETE_SKIPPED")
        elif not _removed(stack, name, parsed, resources[name]):
            failed.append(name)
            continue
        del stack.resource_map._parsed_resources[name]
    if failed:
        stack.status = "DELETE_FAILED"
        reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
        stack._add_stack_event("DELETE_FAILED", resource_status_reason=reason)
        return False
    stack.status = "DELETE_COMPLETE"
    stack._add_stack_event("DELETE_COMPLETE")
    return True


def _map_of(stack: Stack, template: Template, parameters: Mapping[str, Any]) -> ResourceMap:
    made = ResourceMap(
        stack.stack_id,
        stack.name,
        dict(parameters),
        stack.tags,
        account_id=stack.account_id,
        region_name=stack.region_name,
        template=dict(template),
        cross_stack_resources=stack.cross_stack_resources,
    )
    made.load()
    return made


def _require_changes(stack: Stack, wanted: Template, parameters: Mapping[str, Any]) -> None:
    """A deletion policy alone is not a change (template reference, "DeletionPolicy attribute")."""
    same = _without_policies(stack.template_dict) == _without_policies(wanted)
    if same and dict(stack.parameters) == dict(parameters):
        raise ValidationError(message="No updates are to be performed.")


def _without_policies(template: Template) -> dict[str, Any]:
    resources = {
        name: {
            "Properties": {},  # moto adds it to a resource without properties
            **{key: value for key, value in resource.items() if key not in _POLICIES},
        }
        for name, resource in template.get("Resources", {}).items()
    }
    return {**template, "Resources": resources}


def _refuse_other_types(before: Template, wanted: Template) -> None:
    old = before.get("Resources", {})
    other = [
        name
        for name, resource in wanted["Resources"].items()
        if name in old and old[name]["Type"] != resource["Type"]
    ]
    if other:
        raise ValidationError(
            message="Update of resource type is not permitted. The new template modifies resource "
            f"type of the following resources: [{', '.join(other)}]"
        )


def _apply(stack: Stack, old: ResourceMap, new: ResourceMap, verb: str, rollback: str) -> bool:
    """Apply the changes, and return whether they succeeded. After a failure, undo them."""
    stack.status = f"{verb}_IN_PROGRESS"
    journal = _Journal()
    try:
        for name in order_of(new._resource_json_map):
            _bring(stack, old, new, name, journal)
    except _Failed:
        stack.status = f"{rollback}_IN_PROGRESS"
        stack._add_stack_event(stack.status, resource_status_reason="A resource failed; see above")
        _undo(stack, journal)
        stack.status = f"{rollback}_COMPLETE"
        stack._add_stack_event(stack.status)
        return False
    _clean_up(stack, old, new, journal)
    stack.resource_map = new
    stack.status = f"{verb}_COMPLETE"
    stack._add_stack_event(stack.status)
    return True


def _bring(stack: Stack, old: ResourceMap, new: ResourceMap, name: str, journal: _Journal) -> None:
    """Create, change or keep one resource, and add it to ``new``."""
    json = new._resource_json_map[name]
    condition = json.get("Condition")
    if json["Type"] == METADATA_TYPE or (condition and not new.lazy_condition_map[condition]):
        return
    held = old._parsed_resources.get(name)
    if held is None:
        journal.made.append((name, _made(stack, new, name)))
        return
    if not isinstance(held, Resource):  # one of moto's own types: changed by moto
        new._parsed_resources[name] = held
        if json != old._resource_json_map[name]:
            changed = parsing.parse_and_update_resource(
                name, json, new, stack.account_id, stack.region_name
            )
            new._parsed_resources[name] = changed or held
        return
    wanted = _properties(new, name)
    if wanted == held.given:
        new._parsed_resources[name] = held
    elif held.needs_replacement(wanted):
        _refuse_taken_name(stack, name, held, wanted)
        journal.replaced.append((name, held))
        journal.made.append((name, _made(stack, new, name)))
    else:
        journal.modified.append((held, held.given))
        _modify(stack, name, held, wanted)
        new._parsed_resources[name] = held


def _made(stack: Stack, new: ResourceMap, name: str) -> Any:
    kind = new._resource_json_map[name]["Type"]
    try:
        made = new[name]
    except Exception as error:  # any service and moto's own classes may raise
        reason = getattr(error, "message", None) or str(error)
        _event(stack, name, "", kind, "CREATE_FAILED", reason)
        raise _Failed from error
    _tell(stack, name, made, "CREATE_COMPLETE")
    return made


def _modify(stack: Stack, name: str, held: Resource, wanted: Mapping[str, Any]) -> None:
    try:
        held.modify(wanted)
    except FAILURES as error:
        _tell(stack, name, held, "UPDATE_FAILED", f"{name} ({held.type}): {error}")
        raise _Failed from error
    held.given = wanted
    _tell(stack, name, held, "UPDATE_COMPLETE")


def _properties(new: ResourceMap, name: str) -> Mapping[str, Any]:
    parsed = parsing.parse_resource(new._resource_json_map[name], new)
    properties: Mapping[str, Any] = parsed[1].get("Properties", {})
    return properties


def _refuse_taken_name(stack: Stack, name: str, held: Resource, wanted: Mapping[str, Any]) -> None:
    chosen = wanted.get(held.name_property)
    if chosen is not None and chosen == held.given.get(held.name_property):
        reason = (
            "CloudFormation cannot update a stack when a custom-named resource requires "
            f"replacing. Rename {chosen} and update the stack again."
        )
        _tell(stack, name, held, "UPDATE_FAILED", reason)
        raise _Failed


def _undo(stack: Stack, journal: _Journal) -> None:
    for held, before in reversed(journal.modified):
        try:
            held.modify(before)
        except FAILURES as error:
            _tell(stack, held.logical_resource_id, held, "UPDATE_FAILED", str(error))
        held.given = before
    for name, made in reversed(journal.made):
        _removed(stack, name, made, {"Type": getattr(made, "cf_resource_type", "")})


def _clean_up(stack: Stack, old: ResourceMap, new: ResourceMap, journal: _Journal) -> None:
    """Delete what was replaced or left the template. A refusal does not fail the update."""
    replaced = dict(journal.replaced)
    for name in reversed(order_of(old._resource_json_map)):
        json = old._resource_json_map[name]
        held = replaced.get(name)
        policy = "UpdateReplacePolicy"
        if held is None and name not in new._parsed_resources:
            held, policy = old._parsed_resources.get(name), "DeletionPolicy"
        if held is None:
            continue
        if json.get(policy) in RETAINED:
            _tell(stack, name, held, "DELETE_SKIPPED")
        else:
            _removed(stack, name, held, json)


def _removed(stack: Stack, name: str, held: Any, json: Mapping[str, Any]) -> bool:
    try:
        if isinstance(held, Resource):
            held.remove()
        else:
            stack.resource_map._delete_resource(held, dict(json))
    except (*FAILURES, ResourceRefused) as error:
        _tell(stack, name, held, "DELETE_FAILED", str(error))
        return False
    _tell(stack, name, held, "DELETE_COMPLETE")
    return True


def _tell(stack: Stack, name: str, held: Any, status: str, reason: str | None = None) -> None:
    physical = getattr(held, "physical_resource_id", "") or ""
    kind = str(getattr(held, "cf_resource_type", None) or getattr(held, "type", ""))
    _event(stack, name, physical, kind, status, reason)


def _event(
    stack: Stack, name: str, physical: str, kind: str, status: str, reason: str | None
) -> None:
    event = Event(stack.stack_id, stack.name, name, physical, kind, status, reason, None)
    event.event_id = mock_random.uuid4()
    stack.events.append(event)
