"""State machines made by CloudFormation: they can execute, and keep all their properties.

Stock moto puts them into a backend that executes nothing, and drops substitutions, logging,
tracing and the machine's type.
"""

from collections.abc import Mapping
from typing import Any

from moto.stepfunctions.models import StateMachine, stepfunctions_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.utils import cfn_to_api_tags

from localcloud.cloud import Cloud
from localcloud.overrides import replace, stock
from localcloud.stepfunctions.definitions import substitute

_UNSUPPORTED = ("Definition", "DefinitionS3Location")


class UnsupportedProperty(ValueError):
    """The template says something about a machine that the laptop does not do."""


def install(cloud: Cloud) -> None:
    """Replace how CloudFormation makes, changes, deletes and reads machines."""
    # All of moto that looks for machines looks there; let it find those that execute.
    shown = stepfunctions_backends[cloud.account][cloud.region]
    executing = stepfunctions_parser_backends[cloud.account][cloud.region]
    shown.state_machines, shown.tagger = executing.state_machines, executing.tagger
    stock_attribute = stock(StateMachine, "get_cfn_attribute")
    stock_has_attribute = stock(StateMachine, "has_cfn_attr")

    def create(
        cls: type[StateMachine],
        /,
        resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> StateMachine:
        properties = cloudformation_json["Properties"]
        backend = stepfunctions_parser_backends[account_id][region_name]
        return backend.create_state_machine(
            name=properties.get("StateMachineName", resource_name),
            definition=_definition(properties),
            roleArn=properties["RoleArn"],
            tags=cfn_to_api_tags(properties.get("Tags", [])),
            loggingConfiguration=_camel(properties.get("LoggingConfiguration")),
            tracingConfiguration=_camel(properties.get("TracingConfiguration")),
            sm_type=properties.get("StateMachineType"),
        )

    def update(
        cls: type[StateMachine],
        /,
        original_resource: StateMachine,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> StateMachine:
        properties = cloudformation_json["Properties"]
        backend = stepfunctions_parser_backends[account_id][region_name]
        if properties.get("StateMachineName", original_resource.name) != original_resource.name:
            made = create(cls, new_resource_name, cloudformation_json, account_id, region_name)
            backend.delete_state_machine(original_resource.arn)
            return made
        return backend.update_state_machine(
            original_resource.arn,
            definition=_definition(properties),
            role_arn=properties["RoleArn"],
            logging_configuration=_camel(properties.get("LoggingConfiguration")),
            tracing_configuration=_camel(properties.get("TracingConfiguration")),
        )

    def delete(
        cls: type[StateMachine],
        /,
        resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> None:
        stepfunctions_parser_backends[account_id][region_name].delete_state_machine(resource_name)

    def attribute(self: StateMachine, attribute_name: str) -> Any:
        return self.arn if attribute_name == "Arn" else stock_attribute(self, attribute_name)

    def has_attribute(attr: str) -> bool:
        return attr == "Arn" or bool(stock_has_attribute(attr))

    replace(StateMachine, "create_from_cloudformation_json", classmethod(create))
    replace(StateMachine, "update_from_cloudformation_json", classmethod(update))
    replace(StateMachine, "delete_from_cloudformation_json", classmethod(delete))
    replace(StateMachine, "get_cfn_attribute", attribute)
    replace(StateMachine, "has_cfn_attr", staticmethod(has_attribute))


def _definition(properties: Mapping[str, Any]) -> str:
    for name in _UNSUPPORTED:
        if name in properties:
            raise UnsupportedProperty(
                f"AWS::StepFunctions::StateMachine: the laptop's cloud does not read {name}; "
                "give DefinitionString"
            )
    return substitute(properties["DefinitionString"], properties.get("DefinitionSubstitutions", {}))


def _camel(value: Any) -> Any:
    """CloudFormation's ``LogGroupArn`` is the API's ``logGroupArn``."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _camel(item) for name, item in value.items()}
    return [_camel(item) for item in value] if isinstance(value, list) else value
