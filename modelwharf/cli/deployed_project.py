"""A deployed project: its resources, and the steps that remove them."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from modelwharf.cli.bucket import empty_bucket
from modelwharf.cli.errors import CommandError
from modelwharf.cli.retained_stack import (
    CHARGES,
    Kept,
    RemovalPlan,
    deletable_template,
    retained_template,
)
from modelwharf.cli.services import Services
from modelwharf.cli.stack_version import StackVersion
from modelwharf.contracts.names import stack_name

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef

MINUTE = 60.0  # seconds
ENDPOINT_DEADLINE = 30 * MINUTE
JOBS_DEADLINE = 20 * MINUTE
STACK_DEADLINE = 60 * MINUTE
Report = Callable[[str], None]


class DeployedProject:
    """A project's stack and the resources of its releases. Raises CommandError without a stack."""

    def __init__(self, services: Services, project: str) -> None:
        self._services = services
        self.project = project
        self.stack = stack_name(project)
        self._cloudformation = services.client("cloudformation")
        self._sagemaker = services.client("sagemaker")
        body = self._template()
        outputs = {name: one["Value"] for name, one in body.get("Outputs", {}).items()}
        StackVersion.of(self.stack, outputs).require_reader()
        self._reduced = retained_template(body)
        self._resources = {
            one["LogicalResourceId"]: one
            for page in self._cloudformation.get_paginator("list_stack_resources").paginate(
                StackName=self.stack
            )
            for one in page["StackResourceSummaries"]
        }

    def removal_plan(self, everything: bool) -> RemovalPlan:
        """Return what would be removed and kept. Changes nothing."""
        kept = () if everything else tuple(self._kept())
        return RemovalPlan(
            project=self.project,
            stack=self.stack,
            everything=everything or not self._reduced,
            endpoint=self.project if self._endpoint() else None,
            instances=tuple(self._instances()),
            releases=tuple(arn.rsplit(":", 1)[-1] for arn in self._executions()),
            jobs=tuple(name for _, name in self._jobs()),
            endpoint_configs=tuple(self._endpoint_configs()),
            models=tuple(self._models()),
            kept=kept,
            removed=len(self._resources) - len(kept),
        )

    def stop_work(self, report: Report) -> None:
        """Stop running releases, builds and jobs, and wait until the jobs have stopped."""
        for arn in self._executions():
            report(f"stopping release {arn.rsplit(':', 1)[-1]}")
            self._services.client("stepfunctions").stop_execution(
                executionArn=arn, error="Destroyed", cause="wharf destroy took the project down"
            )
        for build in self._builds():
            report(f"stopping build {build}")
            self._services.client("codebuild").stop_build(id=build)
        for kind, name in self._jobs():
            report(f"stopping {kind} job {name}")
            stop = getattr(self._sagemaker, f"stop_{kind}_job")
            with _passing_over("InProgress", "already", "cannot be stopped", "stopping"):
                stop(**{f"{kind.title()}JobName": name})
        self._until(lambda: not list(self._jobs()), "the jobs to stop", JOBS_DEADLINE)

    def delete_endpoint(self, report: Report) -> None:
        """Delete the endpoint while its role exists, then its models and configurations."""
        if self._endpoint():
            report(f"deleting endpoint {self.project}, and waiting until it is gone")
            self._until(self._settled, "the endpoint's update to end", ENDPOINT_DEADLINE)
            if self._endpoint():
                self._sagemaker.delete_endpoint(EndpointName=self.project)
            self._until(lambda: not self._endpoint(), "the endpoint to go", ENDPOINT_DEADLINE)
        for config in list(self._endpoint_configs()):
            self._sagemaker.delete_endpoint_config(EndpointConfigName=config)
        for model in list(self._models()):
            self._sagemaker.delete_model(ModelName=model)

    def empty(self, report: Report) -> None:
        """Delete what buckets and the model package group hold; CloudFormation requires it."""
        for one in self._resources.values():
            physical = one.get("PhysicalResourceId", "")
            if one["ResourceType"] == "AWS::S3::Bucket":
                report(f"emptying bucket {physical}, every version")
                empty_bucket(self._services, physical)
            elif one["ResourceType"] == "AWS::SageMaker::ModelPackageGroup":
                report("deleting the registered model packages")
                self._delete_packages(physical.rsplit("/", 1)[-1])

    def reduce(self, report: Report, *, everything: bool) -> None:
        """Update the stack to the resources that stay; with ``everything``, prepare it for
        deletion.
        """
        if not self._reduced:
            return
        template = deletable_template(self._reduced) if everything else self._reduced
        report(f"updating stack {self.stack}: {len(template['Resources'])} resources stay in it")
        with _passing_over("No updates are to be performed"):
            self._cloudformation.update_stack(
                StackName=self.stack,
                TemplateBody=json.dumps(template),
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
        self._wait_for_stack()

    def delete(self, report: Report) -> None:
        """Delete the stack and its termination protection."""
        report(f"deleting stack {self.stack}")
        self._cloudformation.update_termination_protection(
            StackName=self.stack, EnableTerminationProtection=False
        )
        self._cloudformation.delete_stack(StackName=self.stack)
        self._wait_for_stack()

    # What exists

    def _template(self) -> dict[str, Any]:
        try:
            answer = self._cloudformation.get_template(
                StackName=self.stack, TemplateStage="Original"
            )
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            raise CommandError(
                f"there is no stack {self.stack}: nothing to destroy; name another project with "
                "--project or WHARF_PROJECT"
            ) from None
        body = answer["TemplateBody"]
        made: dict[str, Any] = json.loads(body) if isinstance(body, str) else dict(body)
        return made

    def _kept(self) -> Iterable[Kept]:
        for name, one in self._reduced.get("Resources", {}).items():
            found = self._resources.get(name)
            yield Kept(
                name=name,
                type=one["Type"],
                physical=found.get("PhysicalResourceId", "") if found else "",
                charge=CHARGES.get(one["Type"], ""),
            )

    def _endpoint(self) -> "DescribeEndpointOutputTypeDef | None":
        try:
            return self._sagemaker.describe_endpoint(EndpointName=self.project)
        except ClientError as error:
            if "Could not find" not in str(error):
                raise
            return None

    def _settled(self) -> bool:
        endpoint = self._endpoint()
        moving = ("Creating", "Updating", "SystemUpdating", "RollingBack")
        return endpoint is None or endpoint["EndpointStatus"] not in moving

    def _instances(self) -> Iterable[str]:
        endpoint = self._endpoint()
        if endpoint is None:
            return
        config = self._sagemaker.describe_endpoint_config(
            EndpointConfigName=endpoint["EndpointConfigName"]
        )
        for variant in config["ProductionVariants"]:
            if "InstanceType" in variant:
                yield f"{variant.get('InitialInstanceCount', 1)} × {variant['InstanceType']}"

    def _physical(self, kind: str) -> Iterable[str]:
        for one in self._resources.values():
            if one["ResourceType"] == kind and one.get("PhysicalResourceId"):
                yield one["PhysicalResourceId"]

    def _executions(self) -> list[str]:
        machines = self._physical("AWS::StepFunctions::StateMachine")
        pages = self._services.client("stepfunctions").get_paginator("list_executions")
        return [
            one["executionArn"]
            for machine in machines
            for page in pages.paginate(stateMachineArn=machine, statusFilter="RUNNING")
            for one in page["executions"]
        ]

    def _builds(self) -> list[str]:
        client = self._services.client("codebuild")
        running = []
        for project in self._physical("AWS::CodeBuild::Project"):
            ids = client.list_builds_for_project(projectName=project).get("ids", [])[:100]
            builds = client.batch_get_builds(ids=ids)["builds"] if ids else []
            running += [one["id"] for one in builds if one["buildStatus"] == "IN_PROGRESS"]
        return running

    def _jobs(self) -> Iterable[tuple[str, str]]:
        for kind in ("training", "processing"):
            for status in ("InProgress", "Stopping"):
                for name in self._named(f"list_{kind}_jobs", f"{kind.title()}Job", status):
                    yield kind, name

    def _endpoint_configs(self) -> Iterable[str]:
        return self._named("list_endpoint_configs", "EndpointConfig")

    def _models(self) -> Iterable[str]:
        return self._named("list_models", "Model")

    def _named(self, operation: str, noun: str, status: str = "") -> Iterable[str]:
        """Yield the names of the releases' own resources, which begin with the project's name and
        "-r-".
        """
        prefix = f"{self.project}-r-"
        given = {"StatusEquals": status} if status else {}
        key = {"EndpointConfig": "EndpointConfigs", "Model": "Models"}.get(noun, f"{noun}Summaries")
        paginator: Any = self._sagemaker.get_paginator  # its stubs take literal names only
        for page in paginator(operation).paginate(NameContains=prefix, **given):
            for one in page[key]:
                if one[f"{noun}Name"].startswith(prefix):
                    yield one[f"{noun}Name"]

    # What is removed

    def _delete_packages(self, group: str) -> None:
        pages = self._sagemaker.get_paginator("list_model_packages")
        found = [
            one["ModelPackageArn"]
            for page in pages.paginate(ModelPackageGroupName=group)
            for one in page["ModelPackageSummaryList"]
        ]
        for arn in found:
            self._sagemaker.delete_model_package(ModelPackageName=arn)

    def _wait_for_stack(self) -> None:
        self._until(
            lambda: not self._status().endswith("_IN_PROGRESS"), "the stack", STACK_DEADLINE
        )
        status = self._status()
        if status not in ("UPDATE_COMPLETE", "CREATE_COMPLETE", "DELETE_COMPLETE"):
            raise CommandError(
                f"stack {self.stack} ended as {status}: {'; '.join(self._reasons()) or 'no reason'}"
            )

    def _status(self) -> str:
        try:
            found = self._cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            return "DELETE_COMPLETE"
        status: str = found["StackStatus"]
        return status

    def _reasons(self) -> list[str]:
        events = self._cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
        return [
            f"{one['LogicalResourceId']}: {one['ResourceStatusReason']}"
            for one in events[:50]
            if one["ResourceStatus"].endswith("_FAILED") and one.get("ResourceStatusReason")
        ]

    def _until(self, done: Callable[[], bool], what: str, deadline: float) -> None:
        step = 0.2 if self._services.on_laptop else 5.0  # seconds
        waited = 0.0
        while not done():
            if waited > deadline:
                raise CommandError(f"waited {deadline / MINUTE:.0f} minutes for {what}")
            self._services.sleep(step)
            waited += step


@contextmanager
def _passing_over(*words: str) -> Iterator[None]:
    """Ignore an error whose message has one of these words."""
    try:
        yield
    except ClientError as error:
        if not any(word in str(error) for word in words):
            raise
