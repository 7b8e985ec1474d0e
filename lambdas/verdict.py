"""What the true status of a job means for the one who waits for it."""

from pydantic import BaseModel, SerializeAsAny

from contracts.model import Contract
from lambdas.errors import ReleaseError


class Running(Contract):
    """Not over yet."""


class Succeeded(Contract):
    """Over; ``output`` is what the state adds to the release document."""

    output: SerializeAsAny[BaseModel]


class Failed(Contract):
    """Over, in vain: an error's name and a cause in the service's own words."""

    error: str
    cause: str


Verdict = Running | Succeeded | Failed


def failed(error: ReleaseError) -> Failed:
    return Failed(error=type(error).__name__, cause=str(error))
