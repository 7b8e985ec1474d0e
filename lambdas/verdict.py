"""What the true status of a job means for its waiter."""

from pydantic import BaseModel, SerializeAsAny

from lambdas.errors import ReleaseError
from modelwharf.artifact.contract import Contract


class Running(Contract):
    """The job is not over yet."""


class Succeeded(Contract):
    """The job is over; ``output`` is what the state adds to the release document."""

    output: SerializeAsAny[BaseModel]


class Failed(Contract):
    """The job failed: an error's name, and a cause in the service's own words."""

    error: str
    cause: str


Verdict = Running | Succeeded | Failed


def failed(error: ReleaseError) -> Failed:
    return Failed(error=type(error).__name__, cause=str(error))
