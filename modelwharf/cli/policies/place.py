"""The target of a policy: one project in one account and region, and its resources there."""

from dataclasses import dataclass

from modelwharf.cli.errors import CommandError
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack, find_stack, physical_ids
from modelwharf.contracts.names import PARAMETER_ROOT, stack_name

BOOTSTRAP = "hnb659fds"
"""The CDK's default qualifier ("Customize AWS CDK bootstrapping", AWS CDK v2 developer guide)."""


@dataclass(frozen=True)
class Place:
    """A project's resources by their ARNs. ``deployed`` fills in what only a deploy makes known."""

    partition: str
    region: str
    account: str
    project: str
    data_bucket: str = ""
    artifact_bucket: str = ""
    ledger: str = ""
    key: str = ""

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def iam(self, resource: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:{resource}"

    def bucket(self, name: str) -> str:
        return f"arn:{self.partition}:s3:::{name}"

    def parameter(self, *names: str) -> tuple[str, ...]:
        root = f"parameter{PARAMETER_ROOT}/{self.project}"
        return tuple(self.arn("ssm", f"{root}/{name}") for name in names)

    def public_parameter(self, path: str) -> str:
        """Return the ARN of an AWS public parameter, which belongs to no account."""
        return f"arn:{self.partition}:ssm:{self.region}::parameter{path}"

    @property
    def stack(self) -> str:
        return stack_name(self.project)

    @property
    def topic(self) -> str:
        return self.arn("sns", f"{self.stack}-changes")

    @property
    def machine(self) -> str:
        return self.arn("states", f"stateMachine:{self.stack}-release")

    @property
    def executions(self) -> str:
        return self.arn("states", f"execution:{self.stack}-release:*")

    @property
    def builds(self) -> str:
        return self.arn("codebuild", f"project/{self.stack}-images")

    @property
    def stacks(self) -> str:
        return self.arn("cloudformation", f"stack/{self.stack}/*")

    @property
    def endpoint(self) -> str:
        return self.arn("sagemaker", f"endpoint/{self.project}")

    def of_releases(self, kind: str) -> str:
        """Return the ARN pattern of a kind of SageMaker resource of releases, such as
        ``training-job``.
        """
        return self.arn("sagemaker", f"{kind}/{self.project}-r-*")

    def logs(self, group: str) -> str:
        return self.arn("logs", f"log-group:{group}:*")


def here(services: Services, project: str) -> Place:
    """Return the place by its names: no deploy is needed."""
    identity = services.client("sts").get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    return Place(partition, services.region, identity["Account"], project)


def deployed(services: Services, project: str) -> Place:
    """Return the place with CloudFormation's resources.

    Raises CommandError when there is no stack.
    """
    stack: Stack = find_stack(services, project)
    _, partition, _, region, account, *_ = stack.state_machine.split(":")
    place = Place(partition, region, account, project)
    return Place(
        partition,
        region,
        account,
        project,
        data_bucket=stack.data_bucket,
        artifact_bucket=stack.artifact_bucket,
        ledger=place.arn("dynamodb", f"table/{stack.ledger_table}"),
        key=place.arn("kms", f"key/{_key(services, stack)}"),
    )


def _key(services: Services, stack: Stack) -> str:
    """Return the id of the key that encrypts the stack's data. Raises CommandError."""
    key = next(physical_ids(services, stack.project, "AWS::KMS::Key"), None)
    if key is None:
        raise CommandError(
            f"{stack_name(stack.project)} has no key: deploy it again with `{services.deploy}`"
        )
    return key
