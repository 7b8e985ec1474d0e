"""What a team configures in Parameter Store, one JSON document a section.

The sections live at ``/modelwharf/<project>/<section>``. Every field has a default that
works, so a new project needs no parameter but the data it trains on.
"""

import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from contracts.capture import Capture
from contracts.image_reference import ImageReference
from contracts.model import Contract
from contracts.probe import Probe
from contracts.repository_path import RepositoryFolder, RepositoryPath
from contracts.section_text import INSTANCE_TYPE, OBJECT_KEY, read_section

DAY = 24 * 60 * 60  # seconds

# Limits are those of SageMaker's API: CreateTrainingJob, CreateProcessingJob, CreateModel.
Hyperparameter = str | int | float | bool
HYPERPARAMETER_LENGTH = 2500  # characters, once written as a string
HyperparameterName = Annotated[str, Field(min_length=1, max_length=256)]
VariableName = Annotated[str, Field(max_length=1024, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
InstanceCount = Annotated[int, Field(ge=1, le=100)]
Argument = Annotated[str, Field(min_length=1, max_length=256)]
InstanceType = Annotated[str, Field(pattern=INSTANCE_TYPE)]
DatasetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,30}$")]
# CreateTrainingJob takes 20 channels.
CHANNELS = 20
ChannelName = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
TRAINING_CHANNEL = "training"
# In deployment.environment, "1" lets a server on the laptop write to its root file system.
WRITABLE_ROOT = "MODELWHARF_WRITABLE_ROOT"
ObjectKey = Annotated[str, Field(min_length=1, max_length=900, pattern=OBJECT_KEY)]


class ImageSource(Contract):
    """One image: its Dockerfile, and the paths in the repository that go into it.

    All are relative to the repository's root. ``context`` is the folder that the Dockerfile's
    own COPY lines begin at; of it, the build sees the inputs alone.
    """

    dockerfile: RepositoryPath
    inputs: tuple[RepositoryPath, ...] = Field(min_length=1)
    context: RepositoryFolder = "."

    @model_validator(mode="after")
    def inputs_are_in_the_context(self) -> Self:
        context = PurePosixPath(self.context)
        for path in map(PurePosixPath, self.inputs):
            if not (path.is_relative_to(context) or context.is_relative_to(path)):
                raise ValueError(
                    f"its input {str(path)!r} is not in its context {self.context!r}, so the "
                    "Dockerfile cannot copy it; inputs are paths from the repository's root"
                )
        return self


class Source(Contract):
    """Which branch releases, and what each image is built from."""

    branch: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\s~^:?*\[\\]+$")] = (
        "main"
    )
    training_image: ImageSource = ImageSource(
        dockerfile="containers/training/Dockerfile",
        inputs=("contracts", "training", "containers/training"),
    )
    inference_image: ImageSource = ImageSource(
        dockerfile="containers/inference/Dockerfile",
        inputs=("contracts", "inference", "containers/inference"),
    )
    base_image: str = "public.ecr.aws/docker/library/python:3.12-slim"
    """Empty: the Dockerfiles name their own."""
    platform: Literal["linux/amd64"] = "linux/amd64"
    build_timeout_seconds: Annotated[int, Field(ge=300, le=8 * 60 * 60)] = 1800
    max_file_mb: Annotated[int, Field(ge=1, le=10_000)] = 500
    """A larger file in a build's context is refused: it is more often a mistake than a model."""

    @field_validator("base_image")
    @classmethod
    def names_an_image(cls, value: str) -> str:
        if value:
            ImageReference.parse(value)
        return value


class EiaSeries(Contract):
    """A series of the U.S. Energy Information Administration's API v2."""

    route: Annotated[str, Field(pattern=r"^[a-z0-9/-]+$")] = "petroleum/pri/spt"
    series: Annotated[str, Field(pattern=r"^[A-Z0-9_.-]+$")]


# ".csv", ".parquet", ".csv.gz"
SUFFIX = re.compile(r"(?<=[^/])(\.[A-Za-z0-9]{1,10}(\.(gz|bz2|xz|zst))?)$")


class DataInput(Contract):
    """One object in the data bucket; with ``eia``, refreshed from there every day.

    ``channel`` is the training job's, when the program reads the inputs as they are.
    """

    key: ObjectKey
    eia: EiaSeries | None = None
    channel: ChannelName = TRAINING_CHANNEL

    def file_name(self, name: str) -> str:
        """What the programs find the input called: its name here, and its key's ending."""
        ending = SUFFIX.search(self.key)
        return name + (ending[0].lower() if ending else ".csv")


class Data(Contract):
    """What the model learns from.

    ``options`` goes to the prepare program as it is: only that program knows its keys.
    """

    inputs: dict[DatasetName, DataInput] = Field(
        default={"wti": DataInput(key="series/wti.csv")}, min_length=1
    )
    options: dict[str, JsonValue] = {}
    prepare: bool = True
    prepare_arguments: Annotated[tuple[Argument, ...], Field(min_length=1, max_length=100)] = (
        "prepare",
    )
    instance_type: InstanceType = "ml.m5.large"
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 10
    max_runtime_seconds: Annotated[int, Field(ge=1, le=5 * DAY)] = 3600
    network_isolation: bool = False

    @model_validator(mode="after")
    def channels_are_the_training_job_s(self) -> Self:
        channels = {source.channel for source in self.inputs.values()}
        if self.prepare and channels != {TRAINING_CHANNEL}:
            other = min(channels - {TRAINING_CHANNEL})
            raise ValueError(
                f"an input has the channel {other!r}, while the training job reads what the "
                f"prepare program writes, all in channel {TRAINING_CHANNEL!r}; allowed with "
                '"prepare": false'
            )
        if len(channels) > CHANNELS:
            raise ValueError(
                f"its inputs have {len(channels)} channels; SageMaker takes {CHANNELS}"
            )
        return self


class MetricDefinition(Contract):
    """A number that SageMaker reads out of the training log: the regex's one group."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    regex: Annotated[str, Field(min_length=1, max_length=500)]

    @field_validator("regex")
    @classmethod
    def has_one_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from None
        if groups != 1:
            raise ValueError(f"it must have one group, around the figure; it has {groups}")
        return value


class Training(Contract):
    """How the training job runs. Hyperparameters reach the program as strings."""

    hyperparameters: Annotated[dict[HyperparameterName, Hyperparameter], Field(max_length=100)] = {}
    instance_type: InstanceType = "ml.m5.large"
    instance_count: InstanceCount = 1
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 10
    max_runtime_seconds: Annotated[int, Field(ge=1, le=28 * DAY)] = 3600
    network_isolation: bool = False
    metric_definitions: Annotated[tuple[MetricDefinition, ...], Field(max_length=40)] = (
        MetricDefinition(name="holdout:mae", regex=r"holdout mae=([0-9.]+)"),
        MetricDefinition(name="holdout:skill", regex=r"holdout skill=(-?[0-9.]+)"),
    )

    @field_validator("hyperparameters")
    @classmethod
    def fit_into_strings(cls, value: dict[str, Hyperparameter]) -> dict[str, Hyperparameter]:
        for name, one in value.items():
            if len(str(one)) > HYPERPARAMETER_LENGTH:
                raise ValueError(
                    f"the value of {name} is {len(str(one))} characters long; SageMaker takes "
                    f"{HYPERPARAMETER_LENGTH}"
                )
        return value


class QualityRule(Contract):
    """One bound on one metric; a metric that is missing fails the rule, unless ``if_measured``."""

    metric: str
    if_measured: bool = False
    minimum: Finite | None = None
    maximum: Finite | None = None

    @model_validator(mode="after")
    def has_a_bound(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a rule needs a minimum, a maximum or both")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"its minimum {self.minimum} is above its maximum {self.maximum}")
        return self


class Quality(Contract):
    """What a model must reach before it may serve."""

    rules: tuple[QualityRule, ...] = (
        QualityRule(metric="skill", minimum=-0.05),
        QualityRule(metric="coverage_gap", minimum=-0.2, if_measured=True),
    )


class Approval(StrEnum):
    """Who lets a registered model go on to the endpoint."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Deployment(Contract):
    """How a model reaches the endpoint, and how it is verified there."""

    approval: Approval = Approval.AUTOMATIC
    approval_timeout_seconds: Annotated[int, Field(ge=60, le=365 * DAY)] = 3 * DAY
    instance_type: InstanceType = "ml.m5.large"
    instance_count: InstanceCount = 1
    update_timeout_seconds: Annotated[int, Field(ge=60, le=8 * 60 * 60)] = 3600
    environment: Annotated[
        dict[VariableName, Annotated[str, Field(max_length=1024)]], Field(max_length=100)
    ] = {}
    network_isolation: bool = False
    verify_rows: Annotated[int, Field(ge=1, le=1000)] = 50
    verify_tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-6
    verify_relative_tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-9
    """Times the trained model's own number, added to the other."""
    probe: Probe | None = None
    capture: Capture | None = None


class Outcome(StrEnum):
    """What a notification tells of."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    APPROVAL = "approval"
    SKIPPED = "skipped"
    ELSEWHERE = "elsewhere"
    """A push to another branch or to a tag. Nobody hears of it unless the team names it."""


class Notifications(Contract):
    """Which outcomes are published to the notifications topic."""

    outcomes: tuple[Outcome, ...] = tuple(one for one in Outcome if one is not Outcome.ELSEWHERE)


class Parameters(Contract):
    """All sections of one project."""

    source: Source = Source()
    data: Data = Data()
    training: Training = Training()
    quality: Quality = Quality()
    deployment: Deployment = Deployment()
    notifications: Notifications = Notifications()


SECTIONS: tuple[str, ...] = tuple(Parameters.model_fields)

DEFAULT_VERSION = 0
"""The version of a section that is not in Parameter Store, which counts from 1."""


def parse_section(path: str, section: str, text: str) -> Any:
    """Return the section's model from the parameter's text. Raises InvalidParameter."""
    return read_section(path, type(getattr(Parameters(), section)), text)
