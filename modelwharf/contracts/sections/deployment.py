"""The section ``deployment``: how a model reaches the endpoint, and is verified there."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.capture import Capture
from modelwharf.contracts.probe import Probe
from modelwharf.contracts.sections.fields import DAY, InstanceCount, InstanceType

# In ``environment``, "1" lets a server on the laptop write to its root file system.
WRITABLE_ROOT = "MODELWHARF_WRITABLE_ROOT"
VariableName = Annotated[str, Field(max_length=1024, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


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
    # ContainerStartupHealthCheckTimeoutInSeconds; without it SageMaker's own default counts.
    startup_timeout_seconds: Annotated[int, Field(ge=60, le=3600)] | None = None
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

    @model_validator(mode="after")
    def starts_within_the_update(self) -> Self:
        startup, update = self.startup_timeout_seconds, self.update_timeout_seconds
        if startup is not None and startup > update:
            raise ValueError(
                f"its startup_timeout_seconds {startup} is above its "
                f"update_timeout_seconds {update}"
            )
        return self
