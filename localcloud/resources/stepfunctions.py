"""Step Functions: state machines."""

import json
import re
from collections.abc import Mapping
from typing import Any

from localcloud import iam
from localcloud.resources.resource import (
    Created,
    Properties,
    Resource,
    ResourceRefused,
    camel,
    names,
)

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_]*)\}")


class StateMachine(Resource):
    type = "AWS::StepFunctions::StateMachine"
    name_property = "StateMachineName"
    properties = names(
        "Definition DefinitionString DefinitionSubstitutions LoggingConfiguration RoleArn "
        "StateMachineName StateMachineType Tags TracingConfiguration"
    )
    attributes = frozenset({"Arn", "Name"})

    @classmethod
    def create(cls, name: str, properties: Properties) -> Created:
        iam.require_trust(cls.cloud, properties["RoleArn"], "states.amazonaws.com")
        definition = substituted(_definition(properties), properties.get("DefinitionSubstitutions"))
        settings: dict[str, Any] = {
            key[0].lower() + key[1:]: camel(properties[key])
            for key in ("LoggingConfiguration", "TracingConfiguration")
            if key in properties
        }
        arn = cls.client("stepfunctions").create_state_machine(
            name=name,
            definition=definition,
            roleArn=properties["RoleArn"],
            type=properties.get("StateMachineType", "STANDARD"),
            tags=camel(properties.get("Tags", [])),
            **settings,
        )["stateMachineArn"]
        return Created(arn, {"Arn": arn, "Name": name})


def _definition(properties: Properties) -> str:
    if "DefinitionString" in properties:
        return str(properties["DefinitionString"])
    return json.dumps(properties["Definition"])


def substituted(definition: str, substitutions: Mapping[str, Any] | None) -> str:
    """Fill the placeholders; everything else stays byte for byte. Raises ResourceRefused."""
    values = substitutions or {}

    def fill(match: re.Match[str]) -> str:
        return str(values.get(match[1], match[0]))

    filled = _PLACEHOLDER.sub(fill, definition)
    unfilled = sorted(set(_PLACEHOLDER.findall(filled)))
    if unfilled:
        raise ResourceRefused(f"DefinitionSubstitutions has no value for {', '.join(unfilled)}")
    return filled


TYPES = (StateMachine,)
