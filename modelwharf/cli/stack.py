"""A deployed project: the outputs of its CloudFormation stack."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import ConfigDict, Field, ValidationError

from modelwharf.artifact.contract import Contract
from modelwharf.cli.errors import CommandError
from modelwharf.cli.services import Services
from modelwharf.cli.stack_version import compare_versions
from modelwharf.contracts.names import stack_name

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


class Stack(Contract):
    """The outputs of ``modelwharf-<project>``: the names and ARNs that commands need."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    project: str
    changes_topic: str = Field(alias="ChangesTopicArn")
    notifications_topic: str = Field(alias="NotificationsTopicArn")
    dead_letter_queue: str = Field(alias="DeadLetterQueueUrl")
    state_machine: str = Field(alias="StateMachineArn")
    ledger_table: str = Field(alias="LedgerTable")
    data_bucket: str = Field(alias="DataBucket")
    artifact_bucket: str = Field(alias="ArtifactBucket")
    repository: str = Field(alias="RepositoryName")
    clone_url: str = Field(alias="RepositoryCloneUrl")
    endpoint: str = Field(alias="EndpointName")
    model_package_group: str = Field(alias="ModelPackageGroup")
    build_project: str = Field(alias="BuildProject")

    def execution(self, release: str) -> str:
        """Return the ARN of the release's execution."""
        return self.state_machine.replace(":stateMachine:", ":execution:") + f":{release}"


def find_stack(services: Services, project: str) -> Stack:
    """Return the project's stack. Warns on stderr when its version differs from this package's.

    Raises CommandError when it does not exist, is not ready, or needs a newer command line.
    """
    name = stack_name(project)
    try:
        answer = services.client("cloudformation").describe_stacks(StackName=name)
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise CommandError(_not_there(services, name, project)) from None
    return _read(services, answer["Stacks"][0], project)


def physical_ids(services: Services, project: str, resource_type: str) -> Iterator[str]:
    """Yield the physical ids of the stack's resources of a CloudFormation type."""
    client = services.client("cloudformation")
    request = {"StackName": stack_name(project)}
    while True:
        page = client.list_stack_resources(**request)
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == resource_type:
                yield resource["PhysicalResourceId"]
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def function_names(services: Services, project: str) -> Iterator[str]:
    """Return the names of the stack's functions."""
    return physical_ids(services, project, "AWS::Lambda::Function")


def outputs_of(description: Mapping[str, Any]) -> dict[str, str]:
    """Return a stack's outputs from its description by DescribeStacks."""
    return {item["OutputKey"]: item["OutputValue"] for item in description.get("Outputs", [])}


def _read(services: Services, description: "StackTypeDef", project: str) -> Stack:
    outputs = outputs_of(description)
    compare_versions(services, description["StackName"], outputs)
    try:
        return Stack.model_validate({"project": project, **outputs})
    except ValidationError as error:
        if "StateMachineArn" not in outputs and "DataBucket" in outputs:
            raise CommandError(
                f"{project} was taken down by `wharf destroy`: what holds work stayed, nothing of "
                f"it runs; to go on: {services.deploy}"
            ) from None
        missing = ", ".join(str(item["loc"][0]) for item in error.errors())
        raise CommandError(
            f"stack {description['StackName']} ({description['StackStatus']}) has no output "
            f"{missing}: deploy it again with `{services.deploy}`"
        ) from None


def _not_there(services: Services, name: str, project: str) -> str:
    place = services.endpoint_url or f"AWS, region {services.region}"
    problem = f"there is no stack {name} in {place}"
    if not services.on_laptop:
        return (
            f"{problem}: run `cdk deploy`, or name another project with --project or WHARF_PROJECT"
        )
    # A laptop's cloud holds one project; `wharf up` there would not add another.
    found = services.client("cloudformation").describe_stacks()["Stacks"]
    if not found:
        return f"{problem}, and no other: it was destroyed; start anew with `{services.deploy}`"
    prefix = stack_name("")
    there = [one["StackName"].removeprefix(prefix) for one in found]
    directory = f".wharf/{project}"
    return (
        f"{problem}, which holds the project {' and '.join(there)}: name it with "
        "--project or WHARF_PROJECT,\n"
        f"or start a cloud for {project}: wharf up --project {project} --directory {directory}"
        f' && eval "$(wharf env --directory {directory})"'
    )
