"""What each function may do: its own calls on its own resources, nothing else."""

from aws_cdk.aws_codecommit import Repository
from constructs import Construct

from contracts.ledger import RELEASE_INDEX, WAITING_INDEX
from contracts.names import parameter_path
from contracts.parameters import SECTIONS
from infra.grant import Grant, arn
from infra.images import Images
from infra.names import Names
from infra.serving import Serving
from infra.storage import Storage
from infra.topics import Topics

OF_A_RELEASE = "Named after the release by contracts.names.job_name, so not known at deploy."
KEYS_OF_RELEASES = "Keys are derived from the release's id by contracts.names."
KEYS_OF_DATA = "Which keys are data is a parameter, and changing it needs no deploy."
STREAMS = "A log group's ARN ends in :*, which stands for its streams."
VERSIONS = "SageMaker numbers the packages of the project's group."
EARLIER_CONFIGS = (
    "The way back leads to whichever configuration served before, be it older than Modelwharf; "
    "the call is narrowed by the endpoint, which is named."
)


class Permissions:
    """The grants of every function, by the module it runs."""

    def __init__(
        self,
        scope: Construct,
        *,
        names: Names,
        storage: Storage,
        topics: Topics,
        code: Repository,
        images: Images,
        serving: Serving,
    ) -> None:
        self._scope = scope
        self._names = names
        self._storage = storage
        self._topics = topics
        self._code = code
        self._images = images
        self._serving = serving

    def of(self, module: str) -> tuple[Grant, ...]:
        """The grants of ``lambdas/<module>.py``. Raises KeyError for a module unknown here."""
        return {
            "start_release": self._start_release,
            "resolve": self._resolve,
            "build_image": self._build_image,
            "prepare_data": self._prepare_data,
            "train_model": self._train_model,
            "check_quality": self._check_quality,
            "register_model": self._register_model,
            "request_approval": self._request_approval,
            "deploy_model": self._deploy_model,
            "verify_endpoint": self._verify_endpoint,
            "promote_model": self._promote_model,
            "roll_back": self._roll_back,
            "notify": self._notify,
            "resume_release": self._resume_release,
            "refresh_data": self._refresh_data,
        }[module]()

    # One method a function.

    def _start_release(self) -> tuple[Grant, ...]:
        return (
            self._parameters("ssm:GetParameters"),
            Grant(
                actions=(
                    "codecommit:GetBranch",
                    "codecommit:GetDifferences",
                    "codecommit:GetFolder",
                ),
                resources=(self._code.repository_arn,),
            ),
            self._data("s3:GetObject"),
            self._listing_of_data(),
            self._storage.encryption,
            self._ledger("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
            Grant(actions=("states:StartExecution",), resources=(self.state_machine_arn,)),
            self._executions("states:DescribeExecution"),
            self._notification(),
        )

    def _resolve(self) -> tuple[Grant, ...]:
        return (
            self._parameters("ssm:GetParameter"),
            Grant(actions=("codecommit:GetFolder",), resources=(self._code.repository_arn,)),
            self._data("s3:GetObject", "s3:GetObjectVersion"),
            self._listing_of_data(),
            self._storage.decryption,
        )

    def _build_image(self) -> tuple[Grant, ...]:
        return (
            self._images_there(),
            self._builds("codebuild:StartBuild", "codebuild:BatchGetBuilds"),
            self._build_log(),
            self._ledger(
                "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"
            ),
            self._task_answers(),
        )

    def _prepare_data(self) -> tuple[Grant, ...]:
        return (
            self._data("s3:GetObject", "s3:GetObjectVersion"),
            # A copy that was cut short goes on after the parts and objects that are there.
            self._artifacts("raw/*", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"),
            self._artifacts("data/report.json", "s3:GetObject"),
            Grant(
                actions=("s3:ListBucket", "s3:ListBucketMultipartUploads"),
                resources=(self._storage.artifact_bucket.bucket_arn,),
            ),
            self._storage.encryption,
            self._sagemaker(
                "processing-job",
                "sagemaker:AddTags",
                "sagemaker:CreateProcessingJob",
                "sagemaker:DescribeProcessingJob",
            ),
            self._execution_role(),
            self._ledger("dynamodb:PutItem", "dynamodb:UpdateItem"),
            self._task_answers(),
        )

    def _train_model(self) -> tuple[Grant, ...]:
        return (
            self._sagemaker(
                "training-job",
                "sagemaker:AddTags",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
            ),
            self._artifacts("training/*", "s3:GetObject"),
            self._listing_of_artifacts(),
            self._storage.decryption,
            self._execution_role(),
            self._ledger("dynamodb:PutItem", "dynamodb:UpdateItem"),
            self._task_answers(),
        )

    def _check_quality(self) -> tuple[Grant, ...]:
        return (
            self._artifacts("training/*", "s3:GetObject"),
            self._listing_of_artifacts(),
            self._storage.decryption,
        )

    def _register_model(self) -> tuple[Grant, ...]:
        # SageMaker looks at the image and the artifact with the caller's permissions: those of
        # AWS's managed policy AmazonSageMakerModelRegistryFullAccess, on this project's alone.
        return (
            Grant(
                actions=("ecr:BatchGetImage", "ecr:DescribeImages"),
                resources=(self._images.inference_repository.repository_arn,),
            ),
            self._artifacts("training/*", "s3:GetObject"),
            self._storage.decryption,
            Grant(
                actions=("sagemaker:CreateModelPackage",),
                resources=(self._model_package_group_arn, self._model_packages_arn),
                reason=VERSIONS,
            ),
        )

    def _request_approval(self) -> tuple[Grant, ...]:
        return (
            self._model_packages("sagemaker:DescribeModelPackage"),
            self._notification(),
            self._storage.encryption,
            self._ledger("dynamodb:PutItem", "dynamodb:UpdateItem"),
            self._task_answers(),
        )

    def _deploy_model(self) -> tuple[Grant, ...]:
        return (
            self._sagemaker(
                "model", "sagemaker:AddTags", "sagemaker:CreateModel", "sagemaker:DescribeModel"
            ),
            self._sagemaker(
                "endpoint-config",
                "sagemaker:AddTags",
                "sagemaker:CreateEndpoint",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:UpdateEndpoint",
            ),
            Grant(
                actions=("sagemaker:CreateEndpointConfig",),
                resources=(self._release_jobs_arn("model"),),
                reason=OF_A_RELEASE,
            ),
            self._endpoint(
                "sagemaker:AddTags",
                "sagemaker:CreateEndpoint",
                "sagemaker:DescribeEndpoint",
                "sagemaker:UpdateEndpoint",
            ),
            self._execution_role(),
            self._ledger(
                "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"
            ),
            self._executions("states:DescribeExecution"),
            self._task_answers(),
        )

    def _verify_endpoint(self) -> tuple[Grant, ...]:
        return (
            self._endpoint("sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"),
            self._artifacts("training/*", "s3:GetObject"),
            self._listing_of_artifacts(),
            self._storage.decryption,
        )

    def _promote_model(self) -> tuple[Grant, ...]:
        return (self._ledger("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"),)

    def _roll_back(self) -> tuple[Grant, ...]:
        return (
            self._ledger(
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ),
            self._ledger_index(RELEASE_INDEX),
            self._builds("codebuild:StopBuild"),
            self._sagemaker("training-job", "sagemaker:StopTrainingJob"),
            self._sagemaker("processing-job", "sagemaker:StopProcessingJob"),
            *self._way_back(),
            self._task_answers(),
        )

    def _notify(self) -> tuple[Grant, ...]:
        return (
            self._endpoint("sagemaker:DescribeEndpoint"),
            self._ledger("dynamodb:GetItem"),
            self._notification(),
            self._storage.encryption,
        )

    def _resume_release(self) -> tuple[Grant, ...]:
        return (
            self._ledger(
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ),
            self._ledger_index(RELEASE_INDEX),
            self._ledger_index(WAITING_INDEX),
            self._builds("codebuild:BatchGetBuilds", "codebuild:StopBuild"),
            self._images_there(),
            self._build_log(),
            self._sagemaker(
                "training-job", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"
            ),
            self._sagemaker(
                "processing-job", "sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"
            ),
            self._model_packages("sagemaker:DescribeModelPackage"),
            *self._way_back(),
            self._artifacts("data/report.json", "s3:GetObject"),
            self._artifacts("training/*", "s3:GetObject"),
            self._listing_of_artifacts(),
            self._storage.encryption,
            self._notification(),
            self._task_answers(),
        )

    def _refresh_data(self) -> tuple[Grant, ...]:
        # A key under the account's own aws/ssm is decrypted by that key's policy, not by ours.
        return (
            Grant(
                actions=("ssm:GetParameter",),
                resources=(
                    self._parameter_arn(parameter_path(self._names.project, "data")),
                    self._parameter_arn(self._names.eia_key_parameter),
                ),
            ),
            self._data("s3:GetObject", "s3:PutObject"),
            self._listing_of_data(),
            self._storage.encryption,
            self._notification(),
        )

    # One method a resource.

    @property
    def state_machine_arn(self) -> str:
        """Composed from the name: the machine's definition names the functions in turn."""
        return arn(self._scope, "states", f"stateMachine:{self._names.state_machine}")

    def _executions(self, action: str) -> Grant:
        executions = f"execution:{self._names.state_machine}:*"
        return Grant(
            actions=(action,),
            resources=(arn(self._scope, "states", executions),),
            reason="An execution's name is its release's id.",
        )

    def _task_answers(self) -> Grant:
        return Grant(
            actions=("states:SendTaskFailure", "states:SendTaskSuccess"),
            resources=(self.state_machine_arn,),
        )

    def _parameter_arn(self, path: str) -> str:
        return arn(self._scope, "ssm", f"parameter{path}")

    def _parameters(self, action: str) -> Grant:
        paths = [parameter_path(self._names.project, section) for section in SECTIONS]
        return Grant(actions=(action,), resources=tuple(map(self._parameter_arn, paths)))

    def _data(self, *actions: str) -> Grant:
        bucket = self._storage.data_bucket.bucket_arn
        return Grant(actions=actions, resources=(f"{bucket}/*",), reason=KEYS_OF_DATA)

    def _artifacts(self, keys: str, *actions: str) -> Grant:
        bucket = self._storage.artifact_bucket.bucket_arn
        return Grant(
            actions=actions, resources=(f"{bucket}/releases/*/{keys}",), reason=KEYS_OF_RELEASES
        )

    def _listing_of_data(self) -> Grant:
        """Without it S3 answers 403 for a key that is not there, instead of 404."""
        return Grant(actions=("s3:ListBucket",), resources=(self._storage.data_bucket.bucket_arn,))

    def _listing_of_artifacts(self) -> Grant:
        return Grant(
            actions=("s3:ListBucket",), resources=(self._storage.artifact_bucket.bucket_arn,)
        )

    def _ledger(self, *actions: str) -> Grant:
        return Grant(actions=actions, resources=(self._storage.dynamodb_table.table_arn,))

    def _ledger_index(self, index: str) -> Grant:
        table = self._storage.dynamodb_table.table_arn
        return Grant(actions=("dynamodb:Query",), resources=(f"{table}/index/{index}",))

    def _notification(self) -> Grant:
        return Grant(actions=("sns:Publish",), resources=(self._topics.notifications.topic_arn,))

    def _images_there(self) -> Grant:
        repositories = self._images.repositories
        return Grant(
            actions=("ecr:DescribeImages",),
            resources=tuple(repository.repository_arn for repository in repositories),
        )

    def _builds(self, *actions: str) -> Grant:
        project = self._images.codebuild_project.project_arn
        return Grant(actions=actions, resources=(project,))

    def _build_log(self) -> Grant:
        group = self._images.log_group.log_group_arn
        return Grant(actions=("logs:GetLogEvents",), resources=(group,), reason=STREAMS)

    def _release_jobs_arn(self, kind: str) -> str:
        return arn(self._scope, "sagemaker", f"{kind}/{self._names.release_jobs}*")

    def _sagemaker(self, kind: str, *actions: str) -> Grant:
        return Grant(
            actions=actions, resources=(self._release_jobs_arn(kind),), reason=OF_A_RELEASE
        )

    @property
    def _endpoint_arn(self) -> str:
        return arn(self._scope, "sagemaker", f"endpoint/{self._names.endpoint}")

    def _endpoint(self, *actions: str) -> Grant:
        return Grant(actions=actions, resources=(self._endpoint_arn,))

    def _way_back(self) -> tuple[Grant, ...]:
        """Return the endpoint to what it served, and remove what the release made for it."""
        return (
            self._endpoint(
                "sagemaker:DeleteEndpoint", "sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpoint"
            ),
            Grant(
                actions=("sagemaker:UpdateEndpoint",),
                resources=(arn(self._scope, "sagemaker", "endpoint-config/*"),),
                reason=EARLIER_CONFIGS,
            ),
            self._sagemaker("endpoint-config", "sagemaker:DeleteEndpointConfig"),
            self._sagemaker("model", "sagemaker:DeleteModel"),
        )

    @property
    def _model_package_group_arn(self) -> str:
        group = self._names.model_package_group
        return arn(self._scope, "sagemaker", f"model-package-group/{group}")

    @property
    def _model_packages_arn(self) -> str:
        group = self._names.model_package_group
        return arn(self._scope, "sagemaker", f"model-package/{group}/*")

    def _model_packages(self, *actions: str) -> Grant:
        return Grant(actions=actions, resources=(self._model_packages_arn,), reason=VERSIONS)

    def _execution_role(self) -> Grant:
        return Grant(
            actions=("iam:PassRole",),
            resources=(self._serving.execution_role.role_arn,),
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
