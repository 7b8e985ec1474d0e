"""CloudFormation's API over modelwharf.laptop.stacks, instead of moto's own operations."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.s3.exceptions import S3ClientError

from modelwharf.laptop import stacks
from modelwharf.laptop.overrides import replace, stock
from modelwharf.laptop.own_clients import OWN_NAMES
from modelwharf.laptop.resources import TYPES

UPDATABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
_IMPORT = (
    "the laptop's cloud imports no existing resources into a stack; leave out {parameter}. "
    "After `wharf destroy` there is nothing to import: what stays is the stack's still."
)

Findings = Callable[[Mapping[str, Any]], list[str]]


def install(findings_of: Findings) -> None:
    """Install the operations. ``findings_of`` lists everything unknown here in a template."""
    stock_create = stock(Stack, "create_resources")
    stock_parse_template = stock(Stack, "_parse_template")
    stock_create_change_set = stock(CloudFormationResponse, "create_change_set")
    stock_template_at = stock(CloudFormationResponse, "_get_stack_from_s3_url")

    def parse_template(self: Stack) -> None:
        """Parse JSON with the JSON parser: moto reads it as YAML, which takes seconds."""
        try:
            self.template_dict = json.loads(str(self.template))
        except ValueError:
            stock_parse_template(self)

    def create_resources(self: Stack) -> None:
        types = {one["Type"] for one in self.template_dict["Resources"].values()}
        if types <= TYPES.keys() | {stacks.METADATA_TYPE}:
            stacks.create(self)
        else:
            stock_create(self)

    def update(
        self: Stack,
        template: str,
        role_arn: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        _require_updatable(self)
        _refuse(findings_of(Stack.parse_template(template)))
        stacks.update(self, template, parameters or {}, tags)
        self.role_arn = role_arn or self.role_arn

    def delete_stack(self: CloudFormationBackend, name: str, retain: Any = ()) -> None:
        """Delete the stack. As in AWS, a missing stack is not an error."""
        for stack in list(self.stacks.values()):
            if name in (stack.name, stack.stack_id) and stacks.delete(stack, retain):
                del self.stacks[stack.stack_id]
                self.deleted_stacks[stack.stack_id] = stack
                for export in stack.exports:
                    self.exports.pop(export.name, None)

    def answer_delete_stack(self: CloudFormationResponse) -> ActionResult:
        retain = self._get_param("RetainResources", [])
        delete_stack(self.cloudformation_backend, self._get_param("StackName"), retain)
        return EmptyResult()

    def update_termination_protection(self: CloudFormationResponse) -> ActionResult:
        stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
        stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection")
        return ActionResult({"StackId": stack.stack_id})

    def create_change_set(self: CloudFormationResponse) -> ActionResult:
        if self._get_param("ChangeSetType") == "IMPORT":
            raise ValidationError(message=_IMPORT.format(parameter="ChangeSetType IMPORT"))
        if self._get_bool_param("ImportExistingResources"):
            raise ValidationError(message=_IMPORT.format(parameter="ImportExistingResources"))
        given = ("TemplateBody", "TemplateURL", "UsePreviousTemplate")
        if not any(self._get_param(name) for name in given):
            raise ValidationError(message="Either Template URL or Template Body must be specified.")
        answer: ActionResult = stock_create_change_set(self)
        return answer

    def template_at(self: CloudFormationResponse, url: str) -> str:
        """The template at a URL, which may have this cloud's own address.

        The AWS CLI writes its client's address (`cloudformation deploy --s3-bucket`).
        """
        parts = urlsplit(url)
        if parts.hostname in OWN_NAMES:
            url = f"https://s3.{self.region}.amazonaws.com{parts.path}"
        try:
            return str(stock_template_at(self, url))
        except (S3ClientError, AttributeError, ValueError):  # moto reads the body of None
            raise ValidationError(message=f"S3 error: there is no template at {url}") from None

    def delete_change_set(self: CloudFormationBackend, change_set_name: str) -> None:
        change_set = self.describe_change_set(change_set_name)  # this raises when there is none
        if change_set is not None:
            del self.change_sets[change_set.change_set_id]

    def execute_change_set(
        self: CloudFormationBackend, change_set_name: str, stack_name: str | None = None
    ) -> None:
        """Execute the change set. The stack's status shows the result, also after a rollback."""
        change_set = self.describe_change_set(change_set_name)
        if change_set is None:
            raise ValidationError(change_set_name)
        stack = self.stacks[change_set.stack_id]
        _refuse(findings_of(change_set.template_dict))
        change_set.execution_status = "EXECUTE_IN_PROGRESS"
        if change_set.change_set_type == "CREATE":
            stack.template, stack.template_dict = change_set.template, change_set.template_dict
            stack.parameters = change_set.parameters
            stack.create_resources()
        else:
            stack.update(
                change_set.template,
                role_arn=change_set.role_arn,
                parameters=change_set.parameters,
                tags=change_set.tags or None,
            )
        done = stack.status in UPDATABLE - {"UPDATE_ROLLBACK_COMPLETE"}
        change_set.execution_status = "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"

    replace(Stack, "_parse_template", parse_template)
    replace(Stack, "create_resources", create_resources)
    replace(Stack, "update", update)
    replace(CloudFormationBackend, "delete_stack", delete_stack)
    replace(CloudFormationBackend, "delete_change_set", delete_change_set)
    replace(CloudFormationBackend, "execute_change_set", execute_change_set)
    replace(CloudFormationResponse, "delete_stack", answer_delete_stack)
    replace(CloudFormationResponse, "create_change_set", create_change_set)
    replace(CloudFormationResponse, "_get_stack_from_s3_url", template_at)
    replace(CloudFormationResponse, "update_termination_protection", update_termination_protection)
    replace(ChangeSet, "apply", lambda self: None)


def _require_updatable(stack: Stack) -> None:
    if stack.status not in UPDATABLE:
        raise ValidationError(
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )


def _refuse(findings: list[str]) -> None:
    if findings:
        raise ValidationError(
            message="the laptop's cloud cannot deploy this template: " + "; ".join(findings)
        )
