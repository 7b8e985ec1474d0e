"""The section ``data``: what the model learns from."""

import re
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from modelwharf.artifact.contract import Contract
from modelwharf.artifact.names import DatasetName
from modelwharf.contracts.section_text import OBJECT_KEY, ONE_LINE
from modelwharf.contracts.sections.fields import DAY, InstanceType, VolumeSize

CHANNELS = 20  # that CreateTrainingJob takes
TRAINING_CHANNEL = "training"
# ".csv", ".parquet", ".csv.gz"
SUFFIX = re.compile(r"(?<=[^/])(\.[A-Za-z0-9]{1,10}(\.(gz|bz2|xz|zst))?)$")

Argument = Annotated[str, Field(min_length=1, max_length=256, pattern=ONE_LINE)]
ChannelName = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
ObjectKey = Annotated[str, Field(min_length=1, max_length=900, pattern=OBJECT_KEY)]


class EiaSeries(Contract):
    """A series of the U.S. Energy Information Administration's API v2."""

    route: Annotated[str, Field(pattern=r"^[a-z0-9/-]+$")] = "petroleum/pri/spt"
    series: Annotated[str, Field(pattern=r"^[A-Z0-9_.-]+$")]


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
    volume_gb: VolumeSize = 10
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
