"""Parameter Store: the project's configuration, first with defaults."""

import json

from aws_cdk.aws_ssm import ParameterTier, StringParameter
from constructs import Construct

from contracts.names import parameter_path
from contracts.parameters import Parameters as Defaults
from infra.names import Names


class Parameters(Construct):
    """One parameter a section, owned by the team from the first deploy on.

    CloudFormation writes a value again only when the default in the template changes.
    """

    def __init__(self, scope: Construct, construct_id: str, *, names: Names) -> None:
        super().__init__(scope, construct_id)
        self.ssm_parameters = {
            section: StringParameter(
                self,
                section.title(),
                parameter_name=parameter_path(names.project, section),
                string_value=json.dumps(value, separators=(",", ":")),
                tier=ParameterTier.STANDARD,
                description=f"Modelwharf {names.project}: {section}",
            )
            for section, value in Defaults().model_dump(mode="json").items()
        }
