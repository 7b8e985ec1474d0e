"""The input of a state that waits: the release, and the token to answer."""

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.release import ImageKind, ReleaseDocument


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
