"""The release document: the state machine's input and output, one object that grows.

It holds ids and digests, never payloads, because Step Functions passes at most 256 KiB between
states. Every state adds its own section and changes no other.
"""

import json
from enum import StrEnum

from pydantic import Field, JsonValue

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.parameters import (
    Approval,
    Data,
    Deployment,
    Notifications,
    Quality,
    Source,
    Training,
)
from modelwharf.contracts.quotas import Quota
from modelwharf.contracts.request import TriggerSource
from modelwharf.contracts.rollback import Rollback


class Trigger(Contract):
    """The release's inputs, fixed before the first state runs."""

    source: TriggerSource
    commit: str
    branch: str
    data_versions: dict[str, str]
    """Input name → S3 version id of its object."""
    parameter_versions: dict[str, int]
    """Section → Parameter Store version; DEFAULT_VERSION: no parameter, the defaults apply."""
    configuration: str = ""
    """Digest of the sections with their defaults filled in; "" when it was not pinned."""
    reason: str = ""
    inputs: tuple[str, ...] = ()
    """For source ``data``: the inputs whose new object started the release."""
    requested_by: str = ""
    requested_at: str = ""
    """ISO 8601, UTC: when the request's message was sent; "" if unknown."""
    order: int = 0
    """Its number in the project's order of releases; the greater one always wins. It was taken
    before the fields above were read, so the greater one also has newer inputs. 0 is for
    documents from before the order existed."""

    def asked_by(self) -> str:
        """The source in one or two words, such as ``push`` or ``data wti``."""
        return " ".join([self.source.value, *self.inputs])


class ImageKind(StrEnum):
    """The two images of a model."""

    TRAINING = "training"
    INFERENCE = "inference"


class ImagePlan(Contract):
    """A required image; ``tag`` is the digest of all its inputs."""

    repository: str
    dockerfile: str
    tag: str
    base_image: str
    """By digest, as ``name:tag@sha256:…``; "" leaves it to the Dockerfile."""
    platform: str


class ImagePlans(Contract):
    training: ImagePlan
    inference: ImagePlan


class Timeouts(Contract):
    """How long the state machine waits in each state, in seconds.

    Each is longer than the service's own limit on the job, so that the service's reason,
    not a bare States.Timeout, is what a person reads.
    """

    build: int
    prepare: int
    train: int
    approve: int
    deploy: int


class Plan(Contract):
    """The resolved configuration: what this release will do."""

    source: Source
    data: Data
    training: Training
    quality: Quality
    deployment: Deployment
    notifications: Notifications
    images: ImagePlans
    timeouts: Timeouts
    quotas: tuple[Quota, ...] = ()
    """The account's quotas that the release needs, read before it began."""
    notices: tuple[str, ...] = ()
    """Notices for people; they stop nothing."""


class Image(Contract):
    """An image that exists: ``uri`` names it by digest."""

    uri: str
    digest: str
    tag: str
    built: bool
    """False if the registry had it already."""


class Images(Contract):
    training: Image
    inference: Image


class PreparedData(Contract):
    """The training job's data. ``report`` is the prepare program's summary, ``findings`` are its
    sentences for people.
    """

    uri: str
    job: str | None
    channels: dict[str, str] = {}
    """Channel → URI; if empty, ``uri`` is the only channel."""
    fingerprint: str | None = None
    report: dict[str, JsonValue] = {}
    findings: tuple[str, ...] = ()


class TrainingResult(Contract):
    """A finished training job. ``output`` holds the evaluation report, if any was written."""

    job: str
    artifact: str
    artifact_version: str
    """S3's version id: a later job may write the key again, but not this version."""
    output: str | None
    metrics: dict[str, float]
    seconds: int
    reused: bool = False
    """Whether it is an earlier release's job with the same image, data and settings."""


class QualityVerdict(Contract):
    """Why the model may serve: each rule with the metric that met it.

    ``findings`` are the programs' sentences on the data and the model; no rule uses them.
    """

    passed: bool
    metrics: dict[str, float]
    reasons: tuple[str, ...]
    findings: tuple[str, ...] = ()

    def in_words(self) -> str:
        """One line per rule and per finding."""
        return "\n".join((*self.reasons, *self.findings))


class ModelPackage(Contract):
    """``artifact`` serves: a copy of the training job's, in a place that no job may write."""

    arn: str
    version: int
    artifact: str


class ApprovalDecision(Contract):
    decision: str
    by: str = ""
    note: str = ""


class DeploymentResult(Contract):
    """The endpoint's configuration before and after; ``previous_config`` None: it was new."""

    endpoint: str
    config: str
    model: str
    previous_config: str | None


class Verification(Contract):
    """The comparison with the live endpoint."""

    requests: int
    largest_difference: float | None
    tolerance: float | None
    """Absolute; ``relative_tolerance`` times the trained model's number is added."""
    relative_tolerance: float | None = None
    checked: str
    """``holdout`` or ``probe``."""


class Removal(Contract):
    """Names of outdated models and endpoint configurations that were removed.

    ``left``: why some stay until the next promotion, in the service's words.
    """

    removed: tuple[str, ...] = ()
    left: str = ""


class Promotion(Contract):
    """The champion pointer after the release and before it."""

    champion: str
    previous_champion: str | None
    removal: Removal = Removal()


class Failure(Contract):
    """The output of Step Functions' Catch: the error's name and its cause."""

    error: str = Field(alias="Error")
    cause: str = Field(alias="Cause", default="")

    def message(self) -> str:
        """The cause for people: a function's message, or the service's words."""
        try:
            document = json.loads(self.cause)
        except ValueError:
            document = None
        if isinstance(document, dict) and document.get("errorMessage"):
            return str(document["errorMessage"])
        if self.cause:
            return self.cause
        if self.error == "States.Timeout":
            return "the state waited as long as it may, and no answer came"
        return self.error


class ReleaseDocument(Contract):
    """The whole release so far."""

    release_id: str
    project: str
    trigger: Trigger
    plan: Plan | None = None
    images: Images | None = None
    data: PreparedData | None = None
    training: TrainingResult | None = None
    quality: QualityVerdict | None = None
    model_package: ModelPackage | None = None
    approval: ApprovalDecision | None = None
    deployment: DeploymentResult | None = None
    verification: Verification | None = None
    promotion: Promotion | None = None
    failure: Failure | None = None
    rollback: Rollback | None = None
    rollback_failure: Failure | None = None

    def requires_approval(self) -> bool:
        return self.plan is not None and self.plan.deployment.approval is Approval.MANUAL
