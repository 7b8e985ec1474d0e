"""The input of a state that waits: the release, and the token to answer."""

from typing import Generic, TypeVar

from pydantic import ConfigDict

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.release import ImageKind, ReleaseDocument
from modelwharf.contracts.stages import PlannedRelease

Release = TypeVar("Release", bound=ReleaseDocument, covariant=True)


class WaitingTask(Contract, Generic[Release]):
    """A ``.waitForTaskToken`` call. ``Release`` has the sections that the state needs."""

    model_config = ConfigDict(defer_build=True)

    release: Release
    task_token: str

    @property
    def release_id(self) -> str:
        return self.release.release_id


class BuildTask(WaitingTask[PlannedRelease]):
    """One branch of BuildImages."""

    kind: ImageKind
