"""Calls that a service must refuse, with the code and the words that the functions expect.

None of them changes anything: each names a missing resource, or one that exists already.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from modelwharf.cli.selftest.evidence import Refusal
from modelwharf.cli.services import Services
from modelwharf.cli.stack import Stack
from modelwharf.contracts.release import ReleaseDocument

NOTHING = "wharf-selftest-nothing"
MISSING = ("could not find", "not found", "does not exist")  # read by lambdas.errors.gone
DENIED = {"AccessDenied", "AccessDeniedException", "403"}


@dataclass(frozen=True)
class Scene:
    """The subject of the calls."""

    services: Services
    stack: Stack
    document: ReleaseDocument


Request = Callable[[Scene], Mapping[str, Any]]


@dataclass(frozen=True)
class WrongCall:
    """A wrong call. ``codes`` are handled alike; the message has one of ``words``, in any case."""

    name: str
    service: str
    operation: str
    request: Request
    codes: tuple[str, ...]
    words: tuple[str, ...] = ()
    after_deploy: bool = False
    """Whether it needs a resource of a successful release."""

    def in_words(self) -> str:
        text = " or ".join(f"“{one}”" for one in self.words)
        return f"{' or '.join(self.codes)} {text}".rstrip()

    def is_refused_so(self, refusal: Refusal) -> bool:
        text = refusal.words.lower()
        return refusal.code in self.codes and (
            not self.words or any(one in text for one in self.words)
        )

    def make(self, scene: Scene) -> Refusal:
        client = scene.services.client(self.service)
        try:
            getattr(client, self.operation)(**self.request(scene))
        except ClientError as error:
            text = error.response["Error"]
            status = error.response.get("OriginalStatusCode")
            words = str(text.get("Message", ""))
            return Refusal(str(text["Code"]), f"{status} {words}" if status else words)
        return Refusal("", "")


def _again(scene: Scene) -> Mapping[str, Any]:
    """Create the release's endpoint configuration once more."""
    deployment = scene.document.deployment
    name = deployment.config if deployment else NOTHING
    client = scene.services.client("sagemaker")
    found = client.describe_endpoint_config(EndpointConfigName=name)
    return {"EndpointConfigName": name, "ProductionVariants": found["ProductionVariants"]}


def _no_tag(scene: Scene) -> Mapping[str, Any]:
    repository = scene.document.plan.images.training.repository if scene.document.plan else NOTHING
    return {"repositoryName": repository, "imageIds": [{"imageTag": NOTHING}]}


WRONG_CALLS = (
    WrongCall(
        "endpoint that is not there",
        "sagemaker",
        "describe_endpoint",
        lambda scene: {"EndpointName": NOTHING},
        ("ValidationException",),
        MISSING,
    ),
    WrongCall(
        "training job that is not there",
        "sagemaker",
        "describe_training_job",
        lambda scene: {"TrainingJobName": NOTHING},
        ("ValidationException",),
        MISSING,
    ),
    WrongCall(
        "configuration that is there already",
        "sagemaker",
        "create_endpoint_config",
        _again,
        ("ValidationException",),
        ("already existing",),
        after_deploy=True,
    ),
    WrongCall(
        "parameter that is not there",
        "ssm",
        "get_parameter",
        lambda scene: {"Name": f"/modelwharf/{scene.stack.project}/{NOTHING}"},
        ("ParameterNotFound",),
    ),
    WrongCall(
        "execution that is not there",
        "stepfunctions",
        "describe_execution",
        lambda scene: {"executionArn": scene.stack.execution(NOTHING)},
        ("ExecutionDoesNotExist",),
    ),
    WrongCall(
        "unknown task token",
        "stepfunctions",
        "send_task_success",
        lambda scene: {"taskToken": NOTHING, "output": "{}"},
        ("InvalidToken", "TaskDoesNotExist", "TaskTimedOut"),
    ),
    WrongCall(
        "object that is not there",
        "s3",
        "get_object",
        lambda scene: {"Bucket": scene.stack.data_bucket, "Key": NOTHING},
        ("NoSuchKey",),
    ),
    WrongCall(
        "image that is not there", "ecr", "describe_images", _no_tag, ("ImageNotFoundException",)
    ),
    WrongCall(
        "branch that is not there",
        "codecommit",
        "get_branch",
        lambda scene: {"repositoryName": scene.stack.repository, "branchName": NOTHING},
        ("BranchDoesNotExistException",),
    ),
    WrongCall(
        "body that the model refuses",
        "sagemaker-runtime",
        "invoke_endpoint",
        lambda scene: {
            "EndpointName": scene.stack.endpoint,
            "ContentType": "text/plain",
            "Body": b"x",
        },
        ("ModelError",),
        ("415",),
        after_deploy=True,
    ),
)
