"""The environment variables of every function, as one model."""

from collections.abc import Mapping

from modelwharf.artifact.contract import Contract

PREFIX = "WHARF_"


class MissingVariable(Exception):
    """A function was deployed without a variable that it needs: the template is wrong."""


class Arn(Contract):
    """The parts of an ARN that other names are composed from."""

    partition: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> "Arn":
        _, partition, _, region, account, resource = text.split(":", 5)
        return cls(partition=partition, region=region, account=account, resource=resource)


class Environment(Contract):
    """Where this function runs, and the physical names of the resources it works on."""

    project: str
    ledger_table: str
    data_bucket: str
    artifact_bucket: str
    storage_key_arn: str
    """The buckets' KMS key; jobs encrypt their output there with it."""
    notifications_topic_arn: str
    state_machine_arn: str
    code_repository: str
    build_project: str
    training_repository: str
    inference_repository: str
    prepare_role_arn: str
    train_role_arn: str
    serve_role_arn: str
    model_package_group: str
    endpoint: str
    sweep_after_seconds: int = 60
    lost_push_after_seconds: int = 300
    """How long the sweep waits for a push's message and its retries before it starts the release.

    Lambda retries after one minute and after two more.
    """
    eia_key_parameter: str
    eia_url: str = "https://api.eia.gov/v2"
    base_registry: str = ""
    """URL of a registry that mirrors every host; base images are looked up there instead."""

    @property
    def state_machine(self) -> Arn:
        return Arn.parse(self.state_machine_arn)

    @property
    def registry(self) -> str:
        """Host of the account's ECR registry."""
        arn = self.state_machine
        suffix = "amazonaws.com.cn" if arn.partition == "aws-cn" else "amazonaws.com"
        return f"{arn.account}.dkr.ecr.{arn.region}.{suffix}"

    def execution_arn(self, release: str) -> str:
        arn = self.state_machine
        machine = arn.resource.removeprefix("stateMachine:")
        return (
            f"arn:{arn.partition}:states:{arn.region}:{arn.account}:execution:{machine}:{release}"
        )


def read_environment(variables: Mapping[str, str]) -> Environment:
    """Return the model of ``variables``. Raises MissingVariable, which names each missing one."""
    found = {
        name: variables[_variable(name)]
        for name in Environment.model_fields
        if _variable(name) in variables
    }
    missing = [
        _variable(name)
        for name, field in Environment.model_fields.items()
        if field.is_required() and name not in found
    ]
    if missing:
        raise MissingVariable(
            f"not set in this function's environment: {', '.join(missing)}; "
            "the template sets them: deploy it again with `cdk deploy`"
        )
    return Environment.model_validate(found)


def _variable(name: str) -> str:
    return PREFIX + name.upper()
