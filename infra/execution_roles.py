"""SageMaker's execution roles: one each for preparing data, training and serving."""

from aws_cdk.aws_ecr import Repository
from aws_cdk.aws_iam import Role
from constructs import Construct

from infra.grant import Grant, arn, role_with, service
from infra.images import Images, registry_login
from infra.names import Names
from infra.storage import Storage
from modelwharf.contracts.capture import CAPTURE_PREFIX
from modelwharf.contracts.jobs import ENDPOINT, PROCESSING, TRAINING
from modelwharf.contracts.names import MODELS_PREFIX

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
WRITE = ("s3:AbortMultipartUpload", "s3:PutObject")
KEYS_OF_RELEASES = "A role serves every release; keys are derived from the release's id."


class ExecutionRoles(Construct):
    """Three roles, so that no job can write the input of another job or of the endpoint.

    The grants are those of the SageMaker guide ("How to use SageMaker execution roles":
    CreateProcessingJob, CreateTrainingJob, CreateModel), on the keys that the job reads and
    writes. None may write a registered model.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        storage: Storage,
        images: Images,
    ) -> None:
        super().__init__(scope, construct_id)
        self._names = names
        self._storage = storage
        self.prepare = self._role(
            "Prepare",
            # The serving release's data, for comparison; which release that is, is not known here.
            self._read("releases/*/raw/*", "releases/*/data/*"),
            self._list(),
            self._write("releases/*/data/*"),
            *self._writing_under_the_key(),
            *_pull(images.training_repository),
            *self._telemetry(PROCESSING.log_group(), PROCESSING.log_group()),
        )
        self.train = self._role(
            "Train",
            # Data that need no preparation are read below raw/.
            self._read("releases/*/data/*", "releases/*/raw/*"),
            self._list(),
            self._write("releases/*/training/*"),
            *self._writing_under_the_key(),
            *_pull(images.training_repository),
            *self._telemetry(TRAINING.log_group(), TRAINING.log_group()),
        )
        self.serve = self._role(
            "Serve",
            self._read(f"{MODELS_PREFIX}/*"),
            self._write(f"{CAPTURE_PREFIX}/{names.endpoint}/*"),
            storage.encryption,
            *_pull(images.inference_repository),
            *self._telemetry(
                ENDPOINT.log_group(names.endpoint), "/aws/sagemaker/Endpoints", "AWS/SageMaker"
            ),
        )

    def _role(self, construct_id: str, *grants: Grant) -> Role:
        return role_with(
            self,
            construct_id,
            assumed_by=service(self, "sagemaker.amazonaws.com"),
            grants=grants,
            description=f"{construct_id}: SageMaker's work for {self._names.project}",
        )

    def _read(self, *keys: str) -> Grant:
        return self._on_objects(("s3:GetObject",), keys)

    def _write(self, *keys: str) -> Grant:
        return self._on_objects(WRITE, keys)

    def _on_objects(self, actions: tuple[str, ...], keys: tuple[str, ...]) -> Grant:
        bucket = self._storage.artifact_bucket.bucket_arn
        return Grant(
            actions=actions,
            resources=tuple(f"{bucket}/{key}" for key in keys),
            reason=KEYS_OF_RELEASES,
        )

    def _list(self) -> Grant:
        """A job reads a prefix, which it lists first."""
        return Grant(
            actions=("s3:ListBucket",), resources=(self._storage.artifact_bucket.bucket_arn,)
        )

    def _writing_under_the_key(self) -> tuple[Grant, Grant]:
        return self._storage.encryption, self._storage.output_encryption

    def _telemetry(self, group: str, *namespaces: str) -> tuple[Grant, Grant]:
        """Logs of one kind of job, and metrics of its machines."""
        return (
            Grant(
                actions=(
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ),
                resources=(arn(self, "logs", f"log-group:{group}:*"),),
                reason="SageMaker names the streams: one for each job or instance.",
            ),
            Grant(
                actions=("cloudwatch:PutMetricData",),
                resources=("*",),
                conditions={"StringEquals": {"cloudwatch:namespace": list(namespaces)}},
                reason="cloudwatch:PutMetricData knows no resources; the namespace narrows it.",
            ),
        )


def _pull(repository: Repository) -> tuple[Grant, Grant]:
    return Grant(actions=PULL, resources=(repository.repository_arn,)), registry_login()
