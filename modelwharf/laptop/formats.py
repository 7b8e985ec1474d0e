"""How AWS writes ARNs, names and times in all its APIs and events."""

from datetime import UTC, datetime

PARTITION = "aws"  # the only partition that the laptop knows


def arn(service: str, resource: str, *, region: str, account: str) -> str:
    return f"arn:{PARTITION}:{service}:{region}:{account}:{resource}"


def log_group_name(identifier: str) -> str:
    """The log group's name, from a name or an ARN."""
    return identifier.split(":log-group:")[-1].removesuffix(":*")


def timestamp(moment: datetime) -> str:
    """``2026-03-02T12:00:00Z``, as in EventBridge's envelope."""
    return _utc(moment, "seconds")


def timestamp_to_the_millisecond(moment: datetime) -> str:
    """``2026-03-02T12:00:00.000Z``, as SNS, Lambda and Step Functions write it."""
    return _utc(moment, "milliseconds")


def epoch_milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch. A time without a zone is in UTC, as moto stores it."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def _utc(moment: datetime, precision: str) -> str:
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
