"""What the state machine hands to a state that waits: the release, and the token to answer."""

from contracts.model import Contract
from contracts.release import ImageKind, ReleaseDocument


class WaitingTask(Contract):
    """A ``.waitForTaskToken`` call."""

    release: ReleaseDocument
    task_token: str

    @property
    def release_id(self) -> str:
        return self.release.release_id


class BuildTask(WaitingTask):
    """One branch of BuildImages."""

    kind: ImageKind
