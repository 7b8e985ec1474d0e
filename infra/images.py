"""Building and storing a model's images."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk.aws_codebuild import (
    BuildEnvironment,
    BuildSpec,
    Cache,
    CloudWatchLoggingOptions,
    ComputeType,
    LinuxBuildImage,
    LocalCacheMode,
    LoggingOptions,
    Project,
)
from aws_cdk.aws_codebuild import Source as BuildSource
from aws_cdk.aws_codecommit import Repository as CodeRepository
from aws_cdk.aws_ecr import Repository, TagMutability, TagStatus
from aws_cdk.aws_iam import IRole
from aws_cdk.aws_logs import LogGroup
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.grant import Grant, arn, role_with, service
from infra.names import Names
from infra.settings import Settings
from infra.storage import Storage
from modelwharf.contracts.jobs import BUILD

BUILDSPEC = "containers/buildspec.yml"
KEPT_IMAGES = 200  # per repository; an endpoint's image is always among the newest 200


class Images(Construct):
    """Two ECR repositories, and the CodeBuild project that fills them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        names: Names,
        code: CodeRepository,
        storage: Storage,
    ) -> None:
        super().__init__(scope, construct_id)
        self.training_repository = self._repository("training", settings, names)
        self.inference_repository = self._repository("inference", settings, names)
        self.log_group = LogGroup(
            self,
            "BuildLog",
            log_group_name=BUILD.log_group(names.build_project),
            retention=settings.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = role_with(
            self,
            "BuildRole",
            assumed_by=service(self, "codebuild.amazonaws.com"),
            grants=self._build_grants(names, code, storage),
            description=f"Builds the images of {names.project}",
        )
        self.codebuild_project = self._project(names, code, storage, role.without_policy_updates())

    @property
    def repositories(self) -> tuple[Repository, Repository]:
        return self.training_repository, self.inference_repository

    def _repository(self, kind: str, settings: Settings, names: Names) -> Repository:
        repository = Repository(
            self,
            f"{kind.title()}Repository",
            repository_name=names.image_repository(kind),
            image_tag_mutability=TagMutability.IMMUTABLE,
            image_scan_on_push=True,
            empty_on_delete=settings.destroys,
            removal_policy=settings.removal_policy,
        )
        repository.add_lifecycle_rule(
            description="Layers of builds that were cut short",
            tag_status=TagStatus.UNTAGGED,
            max_image_age=Duration.days(14),
        )
        repository.add_lifecycle_rule(
            description="The newest images",
            tag_status=TagStatus.ANY,
            max_image_count=KEPT_IMAGES,
        )
        return repository

    def _build_grants(
        self, names: Names, code: CodeRepository, storage: Storage
    ) -> tuple[Grant, ...]:
        pip_conf = arn(self, "ssm", f"parameter{names.pip_conf_parameter}")
        return (
            Grant(actions=("codecommit:GitPull",), resources=(code.repository_arn,)),
            Grant(
                actions=(
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:CompleteLayerUpload",
                    "ecr:GetDownloadUrlForLayer",
                    "ecr:InitiateLayerUpload",
                    "ecr:PutImage",
                    "ecr:UploadLayerPart",
                ),
                resources=tuple(repository.repository_arn for repository in self.repositories),
            ),
            registry_login(),
            *public_registry_login(),
            Grant(
                actions=("logs:CreateLogStream", "logs:PutLogEvents"),
                resources=(self.log_group.log_group_arn,),
                reason="A log group's ARN ends in :*, which stands for its streams; "
                "CodeBuild names them.",
            ),
            # This suffices under AWS's key for SecureStrings. Under the stack's key, the grant
            # below allows kms:Decrypt.
            Grant(actions=("ssm:GetParameter",), resources=(pip_conf,)),
            storage.decryption,
        )

    def _project(
        self, names: Names, code: CodeRepository, storage: Storage, role: IRole
    ) -> Project:
        project = Project(
            self,
            "Project",
            project_name=names.build_project,
            description=f"Builds one image of {names.project} from a commit",
            role=role,
            source=BuildSource.code_commit(repository=code),
            build_spec=BuildSpec.from_source_filename(BUILDSPEC),
            environment=BuildEnvironment(
                build_image=LinuxBuildImage.AMAZON_LINUX_2023_5,
                compute_type=ComputeType.SMALL,
                privileged=True,
            ),
            cache=Cache.local(LocalCacheMode.DOCKER_LAYER),
            encryption_key=storage.kms_key,
            timeout=Duration.hours(1),  # of a build without its own; a release sets one
            grant_report_group_permissions=False,
            logging=LoggingOptions(cloud_watch=CloudWatchLoggingOptions(log_group=self.log_group)),
        )
        acknowledge(
            project,
            "AwsSolutions-CB3",
            "Privileged because it builds images: dockerd does not start otherwise.",
        )
        return project


def registry_login() -> Grant:
    return Grant(
        actions=("ecr:GetAuthorizationToken",),
        resources=("*",),
        reason="ecr:GetAuthorizationToken knows no resources: the token is the account's.",
    )


def public_registry_login() -> tuple[Grant, Grant]:
    """What a login at public.ecr.aws needs (Amazon ECR Public user guide, "Authentication")."""
    return (
        Grant(
            actions=("ecr-public:GetAuthorizationToken",),
            resources=("*",),
            reason="ecr-public:GetAuthorizationToken knows no resources.",
        ),
        Grant(
            actions=("sts:GetServiceBearerToken",),
            resources=("*",),
            conditions={"StringEquals": {"sts:AWSServiceName": "ecr-public.amazonaws.com"}},
            reason="sts:GetServiceBearerToken knows no resources; the service narrows it.",
        ),
    )
