"""Fields that several sections have.

Limits are those of SageMaker's API: CreateTrainingJob, CreateProcessingJob, CreateModel.
"""

from typing import Annotated

from pydantic import Field

from modelwharf.contracts.section_text import INSTANCE_TYPE

DAY = 24 * 60 * 60  # seconds

InstanceCount = Annotated[int, Field(ge=1, le=100)]
InstanceType = Annotated[str, Field(pattern=INSTANCE_TYPE)]
VolumeSize = Annotated[int, Field(ge=1, le=16384)]
"""GB."""
