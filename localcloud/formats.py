"""How AWS writes a resource and a moment, wherever its APIs and events do so alike."""

from datetime import UTC, datetime

PARTITION = "aws"  # the only one that the laptop knows


def arn(service: str, resource: str, *, region: str, account: str) -> str:
    return f"arn:{PARTITION}:{service}:{region}:{account}:{resource}"


def log_group_name(identifier: str) -> str:
    """The name, of a log group's name or ARN."""
    return identifier.split(":log-group:")[-1].removesuffix(":*")


def timestamp(moment: datetime) -> str:
    """``2026-03-02T12:00:00Z``, as in EventBridge's envelope."""
    return _utc(moment, "seconds")


def timestamp_to_the_millisecond(moment: datetime) -> str:
    """``2026-03-02T12:00:00.000Z``, as SNS, Lambda and Step Functions write it."""
    return _utc(moment, "milliseconds")


def epoch_milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch; a moment without a zone, as moto keeps them, is in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def _utc(moment: datetime, precision: str) -> str:
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
