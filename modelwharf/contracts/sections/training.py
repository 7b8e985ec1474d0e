"""The section ``training``: how the training job runs."""

import re
from typing import Annotated

from pydantic import Field, field_validator

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.section_text import LINE_ENDS, ONE_LINE
from modelwharf.contracts.sections.fields import DAY, InstanceCount, InstanceType, VolumeSize

Hyperparameter = str | int | float | bool
HYPERPARAMETER_LENGTH = 2500  # characters, once written as a string
HyperparameterName = Annotated[str, Field(min_length=1, max_length=256, pattern=ONE_LINE)]


class MetricDefinition(Contract):
    """A number that SageMaker reads out of the training log: the regex's one group."""

    name: Annotated[str, Field(min_length=1, max_length=255, pattern=ONE_LINE)]
    regex: Annotated[str, Field(min_length=1, max_length=500, pattern=ONE_LINE)]

    @field_validator("regex")
    @classmethod
    def has_one_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"it is not a regular expression: {error}") from None
        if groups != 1:
            raise ValueError(f"it must have one group, around the figure; it has {groups}")
        return value


class Training(Contract):
    """How the training job runs. Hyperparameters reach the program as strings."""

    hyperparameters: Annotated[dict[HyperparameterName, Hyperparameter], Field(max_length=100)] = {}
    instance_type: InstanceType = "ml.m5.large"
    instance_count: InstanceCount = 1
    volume_gb: VolumeSize = 10
    max_runtime_seconds: Annotated[int, Field(ge=1, le=28 * DAY)] = 3600
    network_isolation: bool = False
    metric_definitions: Annotated[tuple[MetricDefinition, ...], Field(max_length=40)] = (
        MetricDefinition(name="holdout:mae", regex=r"holdout mae=([-+0-9.eE]+)"),
        MetricDefinition(name="holdout:skill", regex=r"holdout skill=([-+0-9.eE]+)"),
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
            if set(str(one)) & set(LINE_ENDS):
                raise ValueError(
                    f"the value of {name} has several lines; SageMaker takes one: write it as "
                    "JSON, or put a file into the image"
                )
        return value
