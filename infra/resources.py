"""The project's resources as policies name them: one method per resource returns a Grant."""

from aws_cdk.aws_codecommit import Repository
from constructs import Construct

from infra.dead_letters import DeadLetters
from infra.grant import Grant, arn
from infra.images import Images
from infra.names import Names
from infra.storage import Storage
from infra.topics import Topics
from modelwharf.contracts.jobs import JobType
from modelwharf.contracts.names import MODELS_PREFIX, parameter_path
from modelwharf.contracts.parameters import SECTIONS

OF_A_RELEASE = (
    "Named after the release by modelwharf.contracts.names.job_name, so not known at deploy."
)
KEYS_OF_RELEASES = "Keys are derived from the release's id by modelwharf.contracts.names."
KEYS_OF_DATA = "Which keys are data is a parameter, and changing it needs no deploy."
STREAMS = "A log group's ARN ends in :*, which stands for its streams."
VERSIONS = "SageMaker numbers the packages of the project's group."


class Resources:
    """Grants of actions on one project's resources."""

    def __init__(
        self,
        scope: Construct,
        *,
        names: Names,
        storage: Storage,
        topics: Topics,
        dead_letters: DeadLetters,
        code: Repository,
        images: Images,
    ) -> None:
        self._scope = scope
        self._names = names
        self.storage = storage
        self._topics = topics
        self._dead_letters = dead_letters
        self._code = code
        self._images = images

    @property
    def state_machine_arn(self) -> str:
        """Composed from the name, because the machine's definition refers to the functions."""
        return arn(self._scope, "states", f"stateMachine:{self._names.state_machine}")

    def machine(self, *actions: str) -> Grant:
        return Grant(actions=actions, resources=(self.state_machine_arn,))

    def executions(self, *actions: str) -> Grant:
        executions = f"execution:{self._names.state_machine}:*"
        return Grant(
            actions=actions,
            resources=(arn(self._scope, "states", executions),),
            reason="An execution's name is its release's id.",
        )

    def task_answers(self) -> Grant:
        return self.machine("states:SendTaskFailure", "states:SendTaskSuccess")

    def parameters(self, action: str) -> Grant:
        """Every section of the project's configuration."""
        paths = [parameter_path(self._names.project, section) for section in SECTIONS]
        return self.parameter(action, *paths)

    def parameter(self, action: str, *paths: str) -> Grant:
        return Grant(
            actions=(action,),
            resources=tuple(arn(self._scope, "ssm", f"parameter{path}") for path in paths),
        )

    def code(self, *actions: str) -> Grant:
        return Grant(actions=actions, resources=(self._code.repository_arn,))

    def data(self, *actions: str) -> Grant:
        bucket = self.storage.data_bucket.bucket_arn
        return Grant(actions=actions, resources=(f"{bucket}/*",), reason=KEYS_OF_DATA)

    def listing_of_data(self) -> Grant:
        """Without it S3 answers 403 instead of 404 for a missing key."""
        return Grant(actions=("s3:ListBucket",), resources=(self.storage.data_bucket.bucket_arn,))

    def artifacts(self, keys: str, *actions: str) -> Grant:
        """Objects of releases; ``keys`` follows the release's id."""
        return self._artifact_keys(f"releases/*/{keys}", *actions)

    def models(self, *actions: str) -> Grant:
        """The registered models. No job may write them."""
        return self._artifact_keys(f"{MODELS_PREFIX}/*", *actions)

    def _artifact_keys(self, keys: str, *actions: str) -> Grant:
        bucket = self.storage.artifact_bucket.bucket_arn
        return Grant(actions=actions, resources=(f"{bucket}/{keys}",), reason=KEYS_OF_RELEASES)

    def listing_of_artifacts(self, *actions: str) -> Grant:
        return Grant(
            actions=actions or ("s3:ListBucket",),
            resources=(self.storage.artifact_bucket.bucket_arn,),
        )

    def ledger(self, *actions: str) -> Grant:
        return Grant(actions=actions, resources=(self.storage.dynamodb_table.table_arn,))

    def ledger_index(self, index: str) -> Grant:
        table = self.storage.dynamodb_table.table_arn
        return Grant(actions=("dynamodb:Query",), resources=(f"{table}/index/{index}",))

    def notification(self) -> Grant:
        return Grant(actions=("sns:Publish",), resources=(self._topics.notifications.topic_arn,))

    def dead_letters(self) -> Grant:
        """What Lambda needs in the function's role to keep an event after the last retry."""
        queue = self._dead_letters.sqs_queue.queue_arn
        return Grant(actions=("sqs:SendMessage",), resources=(queue,))

    def images_there(self) -> Grant:
        repositories = self._images.repositories
        return Grant(
            actions=("ecr:DescribeImages",),
            resources=tuple(repository.repository_arn for repository in repositories),
        )

    def inference_image(self, *actions: str) -> Grant:
        return Grant(actions=actions, resources=(self._images.inference_repository.repository_arn,))

    def builds(self, *actions: str) -> Grant:
        project = self._images.codebuild_project.project_arn
        return Grant(actions=actions, resources=(project,))

    def build_log(self) -> Grant:
        group = self._images.log_group.log_group_arn
        return Grant(actions=("logs:GetLogEvents",), resources=(group,), reason=STREAMS)

    def sagemaker(self, kind: str, *actions: str) -> Grant:
        """Resources of releases: ``training-job``, ``model``, ``endpoint-config`` and others."""
        name = f"{kind}/{self._names.release_jobs}*"
        return Grant(
            actions=actions,
            resources=(arn(self._scope, "sagemaker", name),),
            reason=OF_A_RELEASE,
        )

    def jobs(self, kind: JobType, *actions: str) -> Grant:
        """Jobs that are named after their release."""
        return self.sagemaker(kind.resource, *actions)

    def any_endpoint_config(self, *actions: str, reason: str) -> Grant:
        return Grant(
            actions=actions,
            resources=(arn(self._scope, "sagemaker", "endpoint-config/*"),),
            reason=reason,
        )

    def endpoint(self, *actions: str) -> Grant:
        endpoint = arn(self._scope, "sagemaker", f"endpoint/{self._names.endpoint}")
        return Grant(actions=actions, resources=(endpoint,))

    def account_quotas(self, *actions: str) -> Grant:
        return Grant(
            actions=actions,
            resources=("*",),
            reason="Service Quotas lists a service's quotas; its list actions know no resources.",
        )

    def model_package_group(self, *actions: str) -> Grant:
        group = f"model-package-group/{self._names.model_package_group}"
        return Grant(actions=actions, resources=(arn(self._scope, "sagemaker", group),))

    def model_packages(self, *actions: str) -> Grant:
        packages = f"model-package/{self._names.model_package_group}/*"
        return Grant(
            actions=actions, resources=(arn(self._scope, "sagemaker", packages),), reason=VERSIONS
        )
