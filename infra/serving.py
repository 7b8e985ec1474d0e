"""What SageMaker works with: its role, and the group of model packages."""

from aws_cdk.aws_logs import LogGroup
from aws_cdk.aws_sagemaker import CfnModelPackageGroup
from constructs import Construct

from contracts.capture import CAPTURE_PREFIX
from infra.grant import Grant, arn, role_with, service
from infra.images import Images, registry_login
from infra.names import Names
from infra.settings import Settings
from infra.storage import Storage

METRIC_NAMESPACES = (
    "/aws/sagemaker/Endpoints",
    "/aws/sagemaker/ProcessingJobs",
    "/aws/sagemaker/TrainingJobs",
    "AWS/SageMaker",
)


class Serving(Construct):
    """The role of jobs and endpoints, and the model package group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        storage: Storage,
        images: Images,
    ) -> None:
        super().__init__(scope, construct_id)
        self.execution_role = role_with(
            self,
            "ExecutionRole",
            assumed_by=service(self, "sagemaker.amazonaws.com"),
            grants=self._grants(storage, images),
            description=f"Jobs and endpoint of {names.project}",
        )
        # SageMaker would make it and keep its lines for ever. The jobs' groups are the account's.
        self.endpoint_log = LogGroup(
            self,
            "EndpointLog",
            log_group_name=f"/aws/sagemaker/Endpoints/{names.endpoint}",
            retention=settings.log_retention,
            removal_policy=settings.removal_policy,
        )
        self.model_package_group = CfnModelPackageGroup(
            self,
            "ModelPackageGroup",
            model_package_group_name=names.model_package_group,
            model_package_group_description=f"Models of {names.project} that passed their gates",
        )
        # SageMaker refuses to delete a group that holds packages.
        self.model_package_group.apply_removal_policy(settings.removal_policy)

    def _grants(self, storage: Storage, images: Images) -> tuple[Grant, ...]:
        artifacts = storage.artifact_bucket.bucket_arn
        return (
            Grant(
                actions=("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"),
                resources=(f"{artifacts}/releases/*",),
                reason="Jobs read and write the objects of their release, under keys of theirs.",
            ),
            Grant(
                actions=("s3:PutObject",),
                resources=(f"{artifacts}/{CAPTURE_PREFIX}/*",),
                reason="The endpoint names what it captures by variant, hour and chance.",
            ),
            Grant(actions=("s3:GetBucketLocation", "s3:ListBucket"), resources=(artifacts,)),
            storage.encryption,
            storage.output_encryption,
            Grant(
                actions=(
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ),
                resources=tuple(repository.repository_arn for repository in images.repositories),
            ),
            registry_login(),
            Grant(
                actions=(
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ),
                resources=(arn(self, "logs", "log-group:/aws/sagemaker/*"),),
                reason="SageMaker names the log groups: one per kind of job and per endpoint.",
            ),
            Grant(
                actions=("cloudwatch:PutMetricData",),
                resources=("*",),
                conditions={"StringEquals": {"cloudwatch:namespace": list(METRIC_NAMESPACES)}},
                reason="cloudwatch:PutMetricData knows no resources; the namespace narrows it.",
            ),
        )
