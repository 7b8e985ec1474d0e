"""The release as a Step Functions state machine."""

from pathlib import Path

from aws_cdk import RemovalPolicy
from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_stepfunctions import DefinitionBody, LogLevel, LogOptions, StateMachine
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.function_files import ROOT
from infra.functions import Functions
from infra.grant import Grant, role_with, service
from infra.names import Names
from infra.settings import Settings

DEFINITION = ROOT / "statemachine" / "release.asl.json"


class Workflow(Construct):
    """The committed definition with the functions' ARNs substituted."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        functions: Functions,
        definition: Path = DEFINITION,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = LogGroup(
            self,
            "Log",
            # Deliveries under this prefix share one resource policy, whose size is limited.
            log_group_name=f"/aws/vendedlogs/states/{names.state_machine}",
            retention=settings.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = role_with(
            self,
            "Role",
            assumed_by=service(self, "states.amazonaws.com"),
            grants=_grants(functions),
            description=f"Runs {names.state_machine}",
        )
        self.state_machine = StateMachine(
            self,
            "Release",
            state_machine_name=names.state_machine,
            definition_body=DefinitionBody.from_string(definition.read_text()),
            definition_substitutions={
                f"{stem}FunctionArn": function.function_arn
                for stem, function in functions.of_release.items()
            },
            role=role.without_policy_updates(),
            logs=LogOptions(
                destination=self.log_group, level=LogLevel.ERROR, include_execution_data=True
            ),
            tracing_enabled=True,
        )
        acknowledge(
            self.state_machine,
            "AwsSolutions-SF1",
            "Failures are logged with their data. At level ALL the log would hold every "
            "task token, and who reads a token can answer for the task; the whole history stays "
            "with the execution for 90 days.",
        )


def _grants(functions: Functions) -> tuple[Grant, ...]:
    return (
        Grant(
            actions=("lambda:InvokeFunction",),
            resources=tuple(function.function_arn for function in functions.of_release.values()),
        ),
        Grant(
            actions=(
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ),
            resources=("*",),
            reason="CloudWatch Logs' delivery actions know no resources (Step Functions developer "
            'guide, "Logging using CloudWatch Logs").',
        ),
        Grant(
            actions=(
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ),
            resources=("*",),
            reason="X-Ray's actions know no resources.",
        ),
    )
