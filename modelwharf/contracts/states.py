"""The table of the release's states. The workflow, the functions and every view follow it.

A state *answers*: its function returns the release document with one more section. Or it *waits*:
its function starts a job, and the job's end sends the section with the task token.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LONGEST_CALL = 900  # seconds; Lambda's limit on one call


def pascal(module: str) -> str:
    """``train_model`` → ``TrainModel``."""
    return "".join(part.title() for part in module.split("_"))


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A state is entered only if the document has ``value`` at ``path``."""

    name: str
    """The Choice state's name."""
    path: str
    value: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class State:
    """One state, and the function that it calls."""

    name: str
    """In the state machine, in `wharf show`, in notifications."""
    module: str
    """The function is ``lambdas/handlers/<module>.py``."""
    comment: str
    section: str = ""
    """The section that it adds to the release document; "": none, or a part of its fork's."""
    timeout: int | str | None = None
    """For a state that waits: seconds, or the field of ``plan.timeouts``. None: it answers."""
    tries_again_on: str = ""
    """The error of its function that means: retry later."""
    only_if: Condition | None = None
    kind: str | None = None
    """Tells a function that several states call which state it is."""
    call_seconds: int = 60
    """How long one call of the function may take."""
    memory: int = 256
    """The function's memory in MB; its CPU share grows with it."""

    @property
    def waits(self) -> bool:
        return self.timeout is not None

    @property
    def function(self) -> str:
        """Its function in the template, and in the machine's definition."""
        return pascal(self.module)


@dataclass(frozen=True, kw_only=True)
class Fork:
    """Parallel states; each answer is a key of the section."""

    name: str
    comment: str
    section: str
    branches: Mapping[str, State]


RESOLVE = State(
    name="Resolve",
    module="resolve",
    comment="Read the pinned parameters and decide what this release will do.",
    section="plan",
    call_seconds=120,  # it asks the base image's registry
)
BUILD_TRAINING_IMAGE = State(
    name="BuildTrainingImage",
    module="build_image",
    comment="The training image.",
    timeout="build",
    kind="training",
)
BUILD_INFERENCE_IMAGE = State(
    name="BuildInferenceImage",
    module="build_image",
    comment="The inference image.",
    timeout="build",
    kind="inference",
)
BUILD_IMAGES = Fork(
    name="BuildImages",
    comment="Build both images at once; an image that the registry has is not built again.",
    section="images",
    branches={"training": BUILD_TRAINING_IMAGE, "inference": BUILD_INFERENCE_IMAGE},
)
PREPARE_DATA = State(
    name="PrepareData",
    module="prepare_data",
    comment="Run the model's prepare program over the pinned data.",
    section="data",
    timeout="prepare",
    tries_again_on="CopyUnfinished",
    call_seconds=LONGEST_CALL,  # it copies the raw data
)
TRAIN = State(
    name="Train",
    module="train_model",
    comment="Run the training job.",
    section="training",
    timeout="train",
)
CHECK_QUALITY = State(
    name="CheckQuality",
    module="check_quality",
    comment="Hold the model's figures against the rules.",
    section="quality",
    # It reads the job's output, however long that is, and holds one file of it in memory.
    call_seconds=LONGEST_CALL,
    memory=512,
)
REGISTER = State(
    name="Register",
    module="register_model",
    comment="Enter the model in the registry, with its lineage.",
    section="model_package",
    tries_again_on="CopyUnfinished",
    call_seconds=LONGEST_CALL,  # it copies the model
)
APPROVE = State(
    name="Approve",
    module="request_approval",
    comment="Ask a person.",
    section="approval",
    timeout="approve",
    only_if=Condition(
        name="ApprovalRequired",
        path="$.plan.deployment.approval",
        value="manual",
        comment="As the project's deployment section says.",
    ),
)
DEPLOY = State(
    name="Deploy",
    module="deploy_model",
    comment="Update the endpoint once it is free; it serves the old model until then.",
    section="deployment",
    timeout="deploy",
    tries_again_on="EndpointBusy",
)
VERIFY = State(
    name="Verify",
    module="verify_endpoint",
    comment="Ask the live endpoint and compare.",
    section="verification",
    call_seconds=LONGEST_CALL,  # it reads the job's output, too
    memory=512,
)
PROMOTE = State(
    name="Promote",
    module="promote_model",
    comment="Make this model the champion.",
    section="promotion",
    # The promotion is done before the clean-up, and a hanging clean-up must not fail it.
    call_seconds=LONGEST_CALL,
)
NOTIFY_SUCCESS = State(
    name="NotifySuccess",
    module="notify",
    comment="Send the notification. A lost one must not roll a good model back.",
)
ROLL_BACK = State(
    name="RollBack",
    module="roll_back",
    comment="Stop the jobs; let the endpoint serve what it served before.",
    section="rollback",
    timeout=3600,
    call_seconds=120,
)
NOTIFY_FAILURE = State(
    name="NotifyFailure",
    module="notify",
    comment="Send the notification: what failed, and what to type next.",
)

RELEASE: tuple[State | Fork, ...] = (
    RESOLVE,
    BUILD_IMAGES,
    PREPARE_DATA,
    TRAIN,
    CHECK_QUALITY,
    REGISTER,
    APPROVE,
    DEPLOY,
    VERIFY,
    PROMOTE,
)
"""From a pushed commit to the serving model, in this order; each failure goes to RollBack."""


def every_state() -> Iterator[State]:
    """Each state that calls a function, including those in forks and after a failure."""
    for entry in RELEASE:
        yield from entry.branches.values() if isinstance(entry, Fork) else (entry,)
    yield from (NOTIFY_SUCCESS, ROLL_BACK, NOTIFY_FAILURE)
