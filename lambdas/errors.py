"""Why a release fails. The class names are interface: the state machine and people read them.

Each message says what was wrong, where, and what to do next.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from modelwharf.contracts.quotas import BUILDS, CODEBUILD, SAGEMAKER, Quota, advice
from modelwharf.contracts.section_text import InvalidParameter

__all__ = [
    "AccessDenied",
    "AccountBusy",
    "ApprovalRejected",
    "BuildFailed",
    "CopyUnfinished",
    "DataRejected",
    "DeploymentFailed",
    "EndpointBusy",
    "IncompleteRelease",
    "InvalidParameter",
    "MissingData",
    "PreparationFailed",
    "QualityBelowThreshold",
    "QuotaTooSmall",
    "ReleaseError",
    "SeriesUnavailable",
    "ServiceFault",
    "SubjectGone",
    "Superseded",
    "Throttled",
    "TrainingFailed",
    "UnknownCommit",
    "VerificationFailed",
]

# Every code is of botocore's models, or of the services' "Common errors": a test compares them.
THROTTLING_CODES = {
    "KMSThrottling",
    "KmsThrottlingException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
QUOTA_CODES = {
    "AccountLimitExceededException",
    "ExecutionLimitExceeded",
    "LimitExceededException",
    "ResourceLimitExceeded",
    "ServiceQuotaExceededException",
}
"""The account has as many of something as it may: its turn comes, or a quota is too small."""
FAULT_CODES = {"EncryptionKeyUnavailableException", "ServiceUnavailableException"}
"""A service's own fault that does not come with a status of 500 and more."""
GONE_CODES = {
    "NoSuchBucket",
    "RepositoryNotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
}
UNREACHABLE = (
    ConnectTimeoutError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
)
DENIAL_CODES = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "EncryptionKeyAccessDeniedException",
    "KMSAccessDenied",
    "KMSAccessDeniedException",
    "KmsAccessDeniedException",
}
# SageMaker: "The account-level service limit 'ml.m5.large for endpoint usage' is 0 Instances, with
# current utilization of 0 Instances and a request delta of 1 Instances."
INSTANCE_LIMIT = re.compile(
    r"limit '([^']+)' is ([\d.]+) .*utilization of ([\d.]+) .*request delta of ([\d.]+) ", re.DOTALL
)
# CodeBuild: "Cannot have more than 1 builds in queue for the account"
BUILD_LIMIT = re.compile(r"Cannot have more than (\d+) ")


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


class PreparationFailed(ReleaseError):
    """The prepare program broke, or was stopped, before it had judged the data."""


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


class AccountBusy(ReleaseError):
    """The account runs as many of something as its quota allows; the state machine waits."""


class QuotaTooSmall(ReleaseError):
    """A quota of the account can never suffice for what the configuration asks; nothing waits."""


class SubjectGone(ReleaseError):
    """What a state waits for was deleted: it can never end."""


class AccessDenied(ReleaseError):
    """The function's role lacks a permission; the message names the action and the resource."""


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", "")) or str(error)


def translated(error: ClientError, known: Iterable[Quota] = ()) -> Exception:
    """Return the error by its meaning for the release; ``error`` itself when it has none.

    ``known`` are quotas whose codes are known, for what to type.
    """
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code_of(error) in THROTTLING_CODES:
        return Throttled(str(error))
    if code_of(error) in DENIAL_CODES:
        return AccessDenied(str(error))
    if code_of(error) in QUOTA_CODES:
        return _at_limit(error, known)
    if code_of(error) in FAULT_CODES:
        return ServiceFault(str(error))
    if isinstance(status, int) and status >= 500:
        return ServiceFault(str(error))
    return error


@dataclass(frozen=True)
class Limit:
    """A quota as a service names it when it refuses more. ``asked`` is what is needed at once."""

    service: str
    name: str
    value: float
    used: float
    asked: float


def limit_of(error: ClientError) -> Limit | None:
    """Which quota the service's words name; None where they name none."""
    if code_of(error) not in QUOTA_CODES:
        return None
    words = message_of(error)
    instances, builds = INSTANCE_LIMIT.search(words), BUILD_LIMIT.search(words)
    if instances:
        value, used, asked = (float(instances[place]) for place in (2, 3, 4))
        return Limit(SAGEMAKER, instances[1], value, used, asked)
    if builds:
        return Limit(CODEBUILD, BUILDS, float(builds[1]), float(builds[1]), 1)
    return None


def _at_limit(error: ClientError, known: Iterable[Quota]) -> AccountBusy | QuotaTooSmall:
    """Whether waiting can help, and what to type, as far as the service's words tell."""
    limit = limit_of(error)
    if limit is None:
        return AccountBusy(f"waits until the account has room: {error}")
    more = advice(limit.service, limit.name, limit.used + limit.asked, known)
    if limit.asked > limit.value:
        return QuotaTooSmall(f"{error}. {more}")
    return AccountBusy(f"waits until the account has room: {error}. {more}")


def gone(error: ClientError) -> bool:
    """Whether what the call named does not exist; SageMaker says it of some things in words."""
    return code_of(error) in GONE_CODES or (
        code_of(error) == "ValidationException"
        and any(
            words in message_of(error).lower()
            for words in ("could not find", "not found", "does not exist")
        )
    )


@contextmanager
def service_errors() -> Iterator[list[Quota]]:
    """Raise a service's error by its meaning: Throttled, AccountBusy, ServiceFault, … or itself.

    The list is the caller's to fill with the quotas whose codes it knows.
    """
    known: list[Quota] = []
    try:
        yield known
    except ClientError as error:
        meaning = translated(error, known)
        if meaning is error:
            raise
        raise meaning from error
    except UNREACHABLE as error:
        raise ServiceFault(str(error)) from error
