"""Accounts that answer from memory: ready for a deploy, until a test takes something away."""

# ruff: noqa: N803 - AWS spells its arguments this way

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from modelwharf.cli.preflight.account import Account, Template
from modelwharf.cli.services import Services

BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
LAYER = "/aws/service/powertools/python/x86_64/python3.12/3.37.0"
BUILDS = "Concurrently running builds for Linux/Small environment"
ENDPOINTS = "ml.m5.large for endpoint usage"
VARIANT = {
    "VariantName": "champion",
    "InstanceType": "ml.m5.large",
    "InitialInstanceCount": 1,
}
TEMPLATE = Template(
    resources={
        "Code": {
            "Type": "AWS::CodeCommit::Repository",
            "Properties": {"RepositoryName": "oil-price"},
        },
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/lambda/one"}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "changes"}},
        "Data": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Images": {
            "Type": "AWS::CodeBuild::Project",
            "Properties": {
                "Name": "images",
                "Environment": {"ComputeType": "BUILD_GENERAL1_SMALL"},
            },
        },
    },
    parameters={
        "Layer": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": LAYER},
        "Bootstrap": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": BOOTSTRAP},
    },
    bootstrap_parameter=BOOTSTRAP,
    bootstrap_version=6,
)


def refusal(code: str, operation: str = "Call", message: str = "as the test says") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@dataclass
class FakeClient:
    """Answers an operation with what ``answers`` holds: a value, an exception, or a function."""

    answers: dict[str, Any]

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**asked: Any) -> Any:
            answer = self.answers[operation]
            if callable(answer):
                answer = answer(**asked)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    def get_paginator(self, operation: str) -> Any:
        client = self

        class Pages:
            def paginate(self, **asked: Any) -> Iterator[Any]:
                yield getattr(client, operation)(**asked)

        return Pages()

    def __hash__(self) -> int:
        return id(self)


@dataclass
class World:
    """An account's parameters, quotas and stacks; ``refused`` is operation → error."""

    parameters: dict[str, str] = field(default_factory=lambda: {BOOTSTRAP: "21", LAYER: "arn:l"})
    quotas: dict[str, float] = field(
        default_factory=lambda: {
            BUILDS: 20,
            ENDPOINTS: 4,
            "ml.m5.large for training job usage": 4,
            "ml.m5.large for processing job usage": 4,
        }
    )
    stack: str | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    """Of the stack."""
    repositories: set[str] = field(default_factory=set)
    log_groups: set[str] = field(default_factory=set)
    endpoints: set[str] = field(default_factory=set)
    refused: dict[str, Exception] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=lambda: {"node": "v22.11.0", "npx": "10.9.0"})
    arn: str = "arn:aws:sts::123456789012:assumed-role/Developer/ada"
    region: str | None = "eu-west-1"
    endpoint_url: str | None = None

    def account(self) -> Account:
        clients = {name: FakeClient(answers) for name, answers in self._answers().items()}
        for client in clients.values():
            client.answers |= {
                name: error for name, error in self.refused.items() if name in client.answers
            }
        found: dict[str, Any] = {**clients}
        services = Services(
            client=found.__getitem__,
            endpoint_url=self.endpoint_url,
            configured_region=self.region,
            environment={},
        )
        return Account(services, "oil-price", TEMPLATE, run=self._run)

    def _run(self, *words: str) -> str | None:
        return self.programs.get(words[0])

    def _answers(self) -> dict[str, dict[str, Any]]:
        def known(names: set[str], error: str) -> Callable[..., Any]:
            def look(**asked: Any) -> Any:
                (name,) = asked.values()
                if name not in names:
                    raise refusal(error, message=f"Could not find {name}")
                return {"EndpointStatus": "InService", "EndpointConfigName": "older"}

            return look

        def parameter(Name: str, **more: Any) -> Any:
            if Name not in self.parameters:
                raise refusal("ParameterNotFound", "GetParameter")
            return {"Parameter": {"Value": self.parameters[Name], "Version": 1}}

        def quotas(ServiceCode: str) -> Any:
            listed = [
                {"QuotaName": name, "QuotaCode": f"L-{number:08}", "Value": value}
                for number, (name, value) in enumerate(self.quotas.items())
            ]
            return {"Quotas": listed}

        def stacks(StackName: str) -> Any:
            if self.stack is None:
                message = f"Stack with id {StackName} does not exist"
                raise ClientError(
                    {"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks"
                )
            listed = [
                {"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()
            ]
            return {"Stacks": [{"StackStatus": self.stack, "Outputs": listed}]}

        groups = [{"logGroupName": name} for name in self.log_groups]
        return {
            "sts": {"get_caller_identity": {"Arn": self.arn, "Account": "123456789012"}},
            "ssm": {"get_parameter": parameter},
            "codecommit": {
                "list_repositories": {"repositories": []},
                "get_repository": known(self.repositories, "RepositoryDoesNotExistException"),
            },
            "ecr-public": {"get_authorization_token": {}},
            "service-quotas": {
                "list_service_quotas": quotas,
                "list_aws_default_service_quotas": {"Quotas": []},
            },
            "cloudformation": {"describe_stacks": stacks},
            "logs": {"describe_log_groups": {"logGroups": groups}},
            "sns": {"get_topic_attributes": known(set(), "NotFound")},
            "codebuild": {"batch_get_projects": {"projects": []}},
            "sagemaker": {
                "describe_endpoint": known(self.endpoints, "ValidationException"),
                "describe_endpoint_config": {"ProductionVariants": [VARIANT]},
            },
        }
