"""The release document as a state gets it: with the sections that earlier states have added.

Each model is built on first use: a function parses one of them.
"""

from pydantic import ConfigDict

from modelwharf.contracts.release import (
    DeploymentResult,
    Images,
    ModelPackage,
    Plan,
    PreparedData,
    ReleaseDocument,
    TrainingResult,
    Verification,
)


class PlannedRelease(ReleaseDocument):
    """After Resolve."""

    model_config = ConfigDict(defer_build=True)

    plan: Plan


class BuiltRelease(PlannedRelease):
    """After BuildImages."""

    images: Images


class PreparedRelease(BuiltRelease):
    """After PrepareData."""

    data: PreparedData


class TrainedRelease(PreparedRelease):
    """After Train."""

    training: TrainingResult


class RegisteredRelease(TrainedRelease):
    """After Register."""

    model_package: ModelPackage


class DeployedRelease(RegisteredRelease):
    """After Deploy."""

    deployment: DeploymentResult


class VerifiedRelease(DeployedRelease):
    """After Verify."""

    verification: Verification
