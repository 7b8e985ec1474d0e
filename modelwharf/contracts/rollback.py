"""What RollBack undid of a failed, superseded or stopped release."""

from enum import StrEnum

from modelwharf.artifact.contract import Contract


class EndpointOutcome(StrEnum):
    """The endpoint's state after the rollback."""

    UNTOUCHED = "untouched"
    """The release did not change the endpoint."""
    KEPT = "kept"
    """It serves another configuration than the release's."""
    RESTORED = "restored"
    """It was restored to the previous configuration."""
    PROMOTED = "promoted"
    """A stopped release was already verified and promoted, and keeps serving."""
    DELETED = "deleted"
    """The release had created it; nothing served before."""


SENTENCES = {
    EndpointOutcome.UNTOUCHED: "The release had not come to the endpoint, so nothing there was "
    "undone.",
    EndpointOutcome.KEPT: "The endpoint was left as it is: it serves {config}, not this release.",
    EndpointOutcome.RESTORED: "The endpoint went back to {config}, which served before.",
    EndpointOutcome.PROMOTED: "The release had been verified and promoted before: it serves on.",
    EndpointOutcome.DELETED: "The endpoint was deleted: the release had created it, and nothing "
    "served before.",
}


class Rollback(Contract):
    """The stopped jobs, and the endpoint's restoration."""

    stopped: tuple[str, ...] = ()
    endpoint: EndpointOutcome = EndpointOutcome.UNTOUCHED
    serving_config: str | None = None

    def in_words(self) -> str:
        """Sentences: what was stopped, and the endpoint's state."""
        jobs = f"Stopped {', '.join(self.stopped)}." if self.stopped else "No job was running."
        config = self.serving_config or "another configuration"
        return f"{jobs} {SENTENCES[self.endpoint].format(config=config)}"
