"""Why a release fails. The class names are interface: the state machine and people read them.

Each message says what was wrong, where, and what to do next.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from contracts.parameters import InvalidParameter

__all__ = [
    "AccessDenied",
    "ApprovalRejected",
    "BuildFailed",
    "CopyUnfinished",
    "DataRejected",
    "DeploymentFailed",
    "EndpointBusy",
    "IncompleteRelease",
    "InvalidParameter",
    "MissingData",
    "QualityBelowThreshold",
    "ReleaseError",
    "SeriesUnavailable",
    "ServiceFault",
    "Superseded",
    "Throttled",
    "TrainingFailed",
    "UnknownCommit",
    "VerificationFailed",
]

THROTTLING_CODES = {
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
UNREACHABLE = (
    ConnectTimeoutError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
)
DENIAL_CODES = {"403", "AccessDenied", "AccessDeniedException", "KMSAccessDeniedException"}


class ReleaseError(Exception):
    """A reason for which a release ends; its message is for the person who reads it."""


class UnknownCommit(ReleaseError):
    """The repository has no such commit, or no such path at it."""


class MissingData(ReleaseError):
    """An input of the model is not in the data bucket."""


class CopyUnfinished(ReleaseError):
    """The data needs more time than one call of a function has: the state machine goes on."""


class SeriesUnavailable(ReleaseError):
    """A series could not be fetched from where it is published; no release is touched."""


class BuildFailed(ReleaseError):
    """An image could not be built."""


class DataRejected(ReleaseError):
    """The prepare program refused the data."""


class TrainingFailed(ReleaseError):
    """The training job failed, was stopped, or left something unreadable."""


class QualityBelowThreshold(ReleaseError):
    """The trained model misses at least one of the configured bounds."""


class ApprovalRejected(ReleaseError):
    """A person rejected the model package."""


class DeploymentFailed(ReleaseError):
    """The endpoint does not serve the release's model."""


class VerificationFailed(ReleaseError):
    """The live endpoint answers something else than the trained model did."""


class EndpointBusy(ReleaseError):
    """Another release holds the endpoint's lease, or an update of it is under way: try again."""


class Superseded(ReleaseError):
    """A release that was asked for later serves already; this one must not replace it."""


class IncompleteRelease(ReleaseError):
    """A state ran before the one that writes what it needs: the state machine is wrong."""


class Throttled(ReleaseError):
    """A service asked for fewer requests; the state machine tries again."""


class ServiceFault(ReleaseError):
    """A service failed on its own side or was not reachable; the state machine tries again."""


class AccessDenied(ReleaseError):
    """The function's role lacks a permission; the message names the action and the resource."""


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", "")) or str(error)


def translated(error: ClientError) -> Exception:
    """Return the error by its meaning for the release; ``error`` itself when it has none."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code_of(error) in THROTTLING_CODES:
        return Throttled(str(error))
    if code_of(error) in DENIAL_CODES:
        return AccessDenied(str(error))
    if isinstance(status, int) and status >= 500:
        return ServiceFault(str(error))
    return error


@contextmanager
def service_errors() -> Iterator[None]:
    """Raise a service's error by its meaning: Throttled, ServiceFault, AccessDenied or itself."""
    try:
        yield
    except ClientError as error:
        meaning = translated(error)
        if meaning is error:
            raise
        raise meaning from error
    except UNREACHABLE as error:
        raise ServiceFault(str(error)) from error
