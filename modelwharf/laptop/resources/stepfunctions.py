"""Step Functions: state machines."""

import json
from typing import Any

from modelwharf.laptop import iam
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.resources.resource import (
    Created,
    Properties,
    Resource,
    ResourceRefused,
    camel,
    names,
)
from modelwharf.laptop.stepfunctions import UnfilledPlaceholder, substitute


class StateMachine(Resource):
    type = "AWS::StepFunctions::StateMachine"
    name_property = "StateMachineName"
    properties = names(
        "Definition DefinitionString DefinitionSubstitutions LoggingConfiguration RoleArn "
        "StateMachineName StateMachineType Tags TracingConfiguration"
    )
    replacement = names("StateMachineType")

    attributes = frozenset({"Arn", "Name"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        iam.require_trust(cls.cloud, properties["RoleArn"], "states.amazonaws.com")
        _require_delivery(cls.cloud, properties)
        definition = _substituted(properties)
        arn = cls.client("stepfunctions").create_state_machine(
            name=name,
            definition=definition,
            roleArn=properties["RoleArn"],
            type=properties.get("StateMachineType", "STANDARD"),
            tags=camel(properties.get("Tags", [])),
            **_settings(properties),
        )["stateMachineArn"]
        return Created(arn, {"Arn": arn, "Name": name})

    def modify(self, wanted: Properties) -> None:
        iam.require_trust(self.cloud, wanted["RoleArn"], "states.amazonaws.com")
        _require_delivery(self.cloud, wanted)
        self.client("stepfunctions").update_state_machine(
            stateMachineArn=self.created.ref,
            definition=_substituted(wanted),
            roleArn=wanted["RoleArn"],
            **_settings(wanted),
        )

    def remove(self) -> None:
        self.client("stepfunctions").delete_state_machine(stateMachineArn=self.created.ref)


# The permissions that the role needs: Step Functions developer guide, "Logging using
# CloudWatch Logs".
DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)


def _require_delivery(cloud: Cloud, properties: Properties) -> None:
    """Raise ResourceRefused when the machine logs and its role may not deliver logs."""
    if properties.get("LoggingConfiguration", {}).get("Level", "OFF") == "OFF":
        return
    try:
        for action in DELIVERY:
            iam.require_of_role(cloud, properties["RoleArn"], "StepFunctions", action, "*")
    except iam.AccessDenied as error:
        raise ResourceRefused(
            f"The state machine IAM Role is not authorized to access the Log Destination: {error}"
        ) from None


def _settings(properties: Properties) -> dict[str, Any]:
    return {
        key[0].lower() + key[1:]: camel(properties[key])
        for key in ("LoggingConfiguration", "TracingConfiguration")
        if key in properties
    }


def _definition(properties: Properties) -> str:
    if "DefinitionString" in properties:
        return str(properties["DefinitionString"])
    return json.dumps(properties["Definition"])


def _substituted(properties: Properties) -> str:
    try:
        return substitute(_definition(properties), properties.get("DefinitionSubstitutions") or {})
    except UnfilledPlaceholder as error:
        raise ResourceRefused(str(error)) from None


TYPES = (StateMachine,)
