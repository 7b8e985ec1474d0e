"""Registered models, and the endpoint's log."""

from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_sagemaker import CfnModelPackageGroup
from constructs import Construct

from infra.names import Names
from infra.settings import Settings
from modelwharf.contracts.jobs import ENDPOINT


class Serving(Construct):
    """The model package group and the endpoint's log group. Releases make the endpoint itself."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, names: Names
    ) -> None:
        super().__init__(scope, construct_id)
        # SageMaker would make it without an expiry. The jobs' groups belong to the account.
        self.endpoint_log = LogGroup(
            self,
            "EndpointLog",
            log_group_name=ENDPOINT.log_group(names.endpoint),
            retention=settings.log_retention,
            removal_policy=settings.removal_policy,
        )
        self.model_package_group = CfnModelPackageGroup(
            self,
            "ModelPackageGroup",
            model_package_group_name=names.model_package_group,
            model_package_group_description=f"Models of {names.project} that passed their gates",
        )
        # SageMaker refuses to delete a group that has packages.
        self.model_package_group.apply_removal_policy(settings.removal_policy)
