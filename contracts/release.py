"""The release document: the state machine's input and output, one object that grows.

It holds ids and digests, never payloads: Step Functions carries at most 256 KiB between
states. Every state adds its own section and changes no other.
"""

import json
from enum import StrEnum

from pydantic import Field, JsonValue

from contracts.model import Contract
from contracts.parameters import (
    Approval,
    Data,
    Deployment,
    Notifications,
    Quality,
    Source,
    Training,
)
from contracts.quotas import Quota
from contracts.request import TriggerSource


class Trigger(Contract):
    """What the release is made from, fixed before the first state runs."""

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
    """Of source ``data``: the inputs whose new object asked for the release."""
    requested_by: str = ""
    requested_at: str = ""
    """ISO 8601, UTC: when the message that asked for it was sent; "" when nobody knows."""
    order: int = 0
    """Its place in the project's one order of releases: the greater one wins, always. It was
    taken before anything above was read, so the greater one is made of what is newer, too. 0 is
    of a document from before there was an order."""

    def asked_by(self) -> str:
        """What asked for it, in a word or two, such as ``push`` or ``data wti``."""
        return " ".join([self.source.value, *self.inputs])


class ImageKind(StrEnum):
    """The two images of a model."""

    TRAINING = "training"
    INFERENCE = "inference"


class ImagePlan(Contract):
    """An image to have: ``tag`` is the digest of everything that goes into it."""

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
    """Those of the account that the release needs, as they were before it began."""
    notices: tuple[str, ...] = ()
    """What people should know, though it stops nothing."""


class Image(Contract):
    """An image that exists: ``uri`` names it by digest."""

    uri: str
    digest: str
    tag: str
    built: bool
    """False when the registry had it already."""


class Images(Contract):
    training: Image
    inference: Image


class PreparedData(Contract):
    """What the training job reads. ``report`` is the prepare program's own summary."""

    uri: str
    job: str | None
    channels: dict[str, str] = {}
    """Channel → URI; when empty, ``uri`` is the one channel."""
    fingerprint: str | None = None
    report: dict[str, JsonValue] = {}


class TrainingResult(Contract):
    """A finished training job. ``output`` holds the evaluation report, if any was written."""

    job: str
    artifact: str
    artifact_version: str
    """S3's version id: a later job may write the key again, but not this version."""
    output: str | None
    metrics: dict[str, float]
    seconds: int


class QualityVerdict(Contract):
    """Why the model may serve: each rule with the figure that met it.

    ``findings`` are the training program's own words on the model, which no rule is about.
    """

    passed: bool
    metrics: dict[str, float]
    reasons: tuple[str, ...]
    findings: tuple[str, ...] = ()

    def in_words(self) -> str:
        """A line a rule, a line a finding."""
        return "\n".join((*self.reasons, *self.findings))


class ModelPackage(Contract):
    """``artifact`` is what serves: a copy of the training job's, where no job may write."""

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
    """The live endpoint, asked and compared."""

    requests: int
    largest_difference: float | None
    tolerance: float | None
    """Absolute; ``relative_tolerance`` times the trained model's own number comes on top."""
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
    """The champion pointer after the release, and what it pointed at before."""

    champion: str
    previous_champion: str | None
    removal: Removal = Removal()


class Failure(Contract):
    """What Step Functions' Catch hands on: the error's name and its cause."""

    error: str = Field(alias="Error")
    cause: str = Field(alias="Cause", default="")

    def message(self) -> str:
        """The cause as a person reads it: a function's own message, or the service's words."""
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


class Rollback(Contract):
    """What was undone: jobs that were stopped, and the endpoint's way back."""

    stopped: tuple[str, ...] = ()
    endpoint: str = "untouched"
    serving_config: str | None = None


class ReleaseDocument(Contract):
    """The whole release, as far as it has come."""

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

    def state_reached(self) -> str:
        """The state whose section is still missing: where the release is, or where it failed."""
        sections = {
            "Resolve": self.plan,
            "BuildImages": self.images,
            "PrepareData": self.data,
            "Train": self.training,
            "CheckQuality": self.quality,
            "Register": self.model_package,
            "Approve": self.approval if self.requires_approval() else True,
            "Deploy": self.deployment,
            "Verify": self.verification,
            "Promote": self.promotion,
        }
        return next((state for state, section in sections.items() if section is None), "Notify")
