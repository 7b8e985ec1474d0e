"""The permissions of each function: its own calls on its own resources, nothing else."""

from collections.abc import Callable

from aws_cdk.aws_iam import IRole

from infra.execution_roles import ExecutionRoles
from infra.grant import Grant
from infra.names import Names
from infra.resources import Resources
from modelwharf.contracts.jobs import APPROVAL, BUILD, PROCESSING, TRAINING, TYPES
from modelwharf.contracts.ledger import RELEASE_INDEX, WAITING_INDEX
from modelwharf.contracts.names import parameter_path

EARLIER_CONFIGS = (
    "The way back leads to whichever configuration served before, be it older than Modelwharf; "
    "the call is narrowed by the endpoint, which is named."
)
PRESENT_CONFIG = (
    "What serves before the first release of Modelwharf has a configuration of whatever name; it "
    "is read alone."
)

NAMED_AFTER_RELEASE = tuple(kind for kind in TYPES.values() if kind.resource)


class Permissions:
    """The grants of every function, by its module."""

    def __init__(self, *, names: Names, resources: Resources, roles: ExecutionRoles) -> None:
        self._names = names
        self._on = resources
        self._roles = roles

    def of(self, module: str) -> tuple[Grant, ...]:
        """The grants of ``lambdas/handlers/<module>.py``; none without an entry below."""
        grants: Callable[[], tuple[Grant, ...]] = getattr(self, f"_{module}", tuple)
        return grants()

    def _start_release(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.parameters("ssm:GetParameters"),
            on.code("codecommit:GetBranch", "codecommit:GetDifferences", "codecommit:GetFolder"),
            on.data("s3:GetObject"),
            on.listing_of_data(),
            on.storage.encryption,
            on.ledger("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
            on.machine("states:StartExecution"),
            on.executions("states:DescribeExecution"),
            on.notification(),
            on.dead_letters(),
        )

    def _resolve(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.parameters("ssm:GetParameter"),
            on.code("codecommit:GetFile", "codecommit:GetFolder"),
            on.data("s3:GetObjectVersion"),
            on.listing_of_data(),
            *self._present_fleet(),
            on.account_quotas(
                "servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"
            ),
        )

    def _build_image(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.images_there(),
            on.builds(*BUILD.submit, *BUILD.settle, *BUILD.stop),
            on.build_log(),
            on.ledger(
                "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"
            ),
            on.task_answers(),
        )

    def _prepare_data(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.data("s3:GetObjectVersion"),
            # An interrupted copy resumes after the parts and objects that exist.
            on.artifacts("raw/*", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"),
            on.artifacts("data/report.json", "s3:GetObject"),
            on.listing_of_artifacts("s3:ListBucket", "s3:ListBucketMultipartUploads"),
            on.storage.encryption,
            on.jobs(PROCESSING, *PROCESSING.submit, *PROCESSING.settle, *PROCESSING.stop),
            self._passed(self._roles.prepare),
            on.ledger("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
            on.task_answers(),
        )

    def _train_model(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.jobs(TRAINING, *TRAINING.submit, *TRAINING.settle, *TRAINING.stop),
            # The version of an earlier release's model, and whether the archive has a file.
            on.artifacts("training/*", "s3:GetObject", "s3:GetObjectVersion"),
            on.listing_of_artifacts(),
            on.storage.decryption,
            self._passed(self._roles.train),
            on.ledger("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
            on.task_answers(),
        )

    def _check_quality(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.artifacts("training/*", "s3:GetObject"),
            on.listing_of_artifacts(),
            on.storage.decryption,
        )

    def _register_model(self) -> tuple[Grant, ...]:
        on = self._on
        # SageMaker checks the image and the artifact with the caller's permissions: those of
        # AWS's managed policy AmazonSageMakerModelRegistryFullAccess, on this project only.
        return (
            on.inference_image("ecr:BatchGetImage", "ecr:DescribeImages"),
            on.artifacts("training/*", "s3:GetObjectVersion"),
            # An interrupted copy resumes after the parts that exist.
            on.models("s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"),
            on.listing_of_artifacts("s3:ListBucket", "s3:ListBucketMultipartUploads"),
            on.storage.encryption,
            on.model_package_group("sagemaker:CreateModelPackage"),
            on.model_packages("sagemaker:CreateModelPackage"),
        )

    def _request_approval(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.model_packages(*APPROVAL.settle),
            on.notification(),
            on.storage.encryption,
            on.ledger("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
            on.task_answers(),
        )

    def _deploy_model(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.sagemaker(
                "model", "sagemaker:AddTags", "sagemaker:CreateModel", "sagemaker:DescribeModel"
            ),
            on.sagemaker(
                "endpoint-config",
                "sagemaker:AddTags",
                "sagemaker:CreateEndpoint",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:UpdateEndpoint",
            ),
            on.endpoint(
                "sagemaker:AddTags",
                "sagemaker:CreateEndpoint",
                "sagemaker:UpdateEndpoint",
            ),
            *self._present_fleet(),
            self._passed(self._roles.serve),
            on.ledger(
                "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"
            ),
            on.executions("states:DescribeExecution"),
            on.task_answers(),
        )

    def _verify_endpoint(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.code("codecommit:GetFile"),
            on.endpoint("sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"),
            on.artifacts("training/*", "s3:GetObject"),
            on.listing_of_artifacts(),
            on.storage.decryption,
        )

    def _promote_model(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.ledger(
                "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"
            ),
            # The model and the configuration of the release before the previous champion.
            on.endpoint("sagemaker:DescribeEndpoint"),
            on.sagemaker("endpoint-config", "sagemaker:DeleteEndpointConfig"),
            on.sagemaker("model", "sagemaker:DeleteModel"),
        )

    def _roll_back(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.ledger(
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ),
            on.ledger_index(RELEASE_INDEX),
            on.builds(*BUILD.stop),
            *(on.jobs(kind, *kind.stop) for kind in NAMED_AFTER_RELEASE),
            *self._way_back(),
            on.task_answers(),
        )

    def _notify(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.endpoint("sagemaker:DescribeEndpoint"),
            on.ledger("dynamodb:GetItem"),
            on.executions("states:GetExecutionHistory"),
            on.notification(),
            on.storage.encryption,
        )

    def _resume_release(self) -> tuple[Grant, ...]:
        on = self._on
        return (
            on.ledger(
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ),
            on.ledger_index(RELEASE_INDEX),
            on.ledger_index(WAITING_INDEX),
            on.builds(*BUILD.settle, *BUILD.stop),
            on.images_there(),
            on.build_log(),
            *(on.jobs(kind, *kind.settle, *kind.stop) for kind in NAMED_AFTER_RELEASE),
            on.model_packages(*APPROVAL.settle),
            *self._way_back(),
            on.artifacts("data/report.json", "s3:GetObject"),
            on.artifacts("training/*", "s3:GetObject"),
            on.listing_of_artifacts(),
            on.storage.encryption,
            on.notification(),
            on.dead_letters(),
            on.task_answers(),
        )

    def _refresh_data(self) -> tuple[Grant, ...]:
        on = self._on
        # The policy of the account's key aws/ssm allows decryption; no grant of ours is needed.
        return (
            on.parameter(
                "ssm:GetParameter",
                parameter_path(self._names.project, "data"),
                self._names.eia_key_parameter,
            ),
            on.data("s3:GetObject", "s3:PutObject"),
            on.listing_of_data(),
            on.storage.encryption,
            on.dead_letters(),
        )

    def _present_fleet(self) -> tuple[Grant, ...]:
        """Read the running instances; an update adds its own to them."""
        on = self._on
        return (
            on.endpoint("sagemaker:DescribeEndpoint"),
            on.any_endpoint_config("sagemaker:DescribeEndpointConfig", reason=PRESENT_CONFIG),
        )

    def _way_back(self) -> tuple[Grant, ...]:
        """Restore the endpoint, and remove what the release made for it."""
        on = self._on
        return (
            on.endpoint(
                "sagemaker:DeleteEndpoint", "sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpoint"
            ),
            on.any_endpoint_config("sagemaker:UpdateEndpoint", reason=EARLIER_CONFIGS),
            on.sagemaker("endpoint-config", "sagemaker:DeleteEndpointConfig"),
            on.sagemaker("model", "sagemaker:DeleteModel"),
        )

    def _passed(self, role: IRole) -> Grant:
        """Pass a role to SageMaker only."""
        return Grant(
            actions=("iam:PassRole",),
            resources=(role.role_arn,),
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
