"""The settings of one deployment of the stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Environment, RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

from modelwharf.contracts.configured_project import configured_project
from modelwharf.contracts.names import DEFAULT_PROJECT, project_name

# Retained on update and delete, but not if the first deployment fails: its rollback would leave
# resources with fixed names, and the next attempt would find these names taken.
RETAIN = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
REMOVAL_POLICIES = {"retain": RETAIN, "destroy": RemovalPolicy.DESTROY}


# The values of PutRetentionPolicy that the CDK names.
LOG_RETENTIONS = {
    1: RetentionDays.ONE_DAY,
    3: RetentionDays.THREE_DAYS,
    7: RetentionDays.ONE_WEEK,
    14: RetentionDays.TWO_WEEKS,
    30: RetentionDays.ONE_MONTH,
    60: RetentionDays.TWO_MONTHS,
    90: RetentionDays.THREE_MONTHS,
    180: RetentionDays.SIX_MONTHS,
    365: RetentionDays.ONE_YEAR,
    731: RetentionDays.TWO_YEARS,
    1827: RetentionDays.FIVE_YEARS,
    3653: RetentionDays.TEN_YEARS,
}
LONGEST = 36_500  # days, a hundred years
SLOWEST = 60_000  # milliseconds; InvokeEndpoint's own limit for a model


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One deployment. Without account and region the template fits all of them."""

    project: str = DEFAULT_PROJECT
    account: str | None = None
    region: str | None = None
    removal_policy: RemovalPolicy = RETAIN
    log_retention_days: int = 90
    """Of every log group that belongs to this project only; one of LOG_RETENTIONS."""
    noncurrent_days: int = 365
    """How long an overwritten or deleted object is kept; the newest ten are kept longer."""
    capture_days: int = 90
    """How long captured requests and answers are kept."""
    sweep_after_seconds: int = 60
    """How long the sweep leaves a waiting task to its event."""
    lost_push_after_seconds: int = 300
    """How long the sweep leaves a push to its message and Lambda's retries."""
    latency_ms: int = 5000
    """The p99 of the model's latency, in milliseconds, that raises the alarm."""
    python_version: str = "3.12"
    """Python of the functions and their layer: any version that AWS publishes the layer for."""
    powertools_version: str = "3.37.0"
    eia_url: str = "https://api.eia.gov/v2"
    log_level: str = "INFO"

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], folder: Path | None = None
    ) -> "Settings":
        """Read the settings. Raises ValueError, which names the variable and what is allowed.

        Without a variable, ``modelwharf.toml`` in ``folder`` or above names the project.
        ``CDK_DEFAULT_ACCOUNT`` and ``CDK_DEFAULT_REGION`` come from the CDK's command line.
        """
        return cls(
            project=_project(environment, folder),
            account=environment.get("CDK_DEFAULT_ACCOUNT"),
            region=environment.get("CDK_DEFAULT_REGION"),
            removal_policy=_removal_policy(environment.get("WHARF_REMOVAL_POLICY", "retain")),
            log_retention_days=_days(environment, "WHARF_LOG_DAYS", 90, tuple(LOG_RETENTIONS)),
            noncurrent_days=_days(environment, "WHARF_NONCURRENT_DAYS", 365),
            capture_days=_days(environment, "WHARF_CAPTURE_DAYS", 90),
            latency_ms=_number(environment, "WHARF_LATENCY_MS", 5000, "milliseconds", SLOWEST),
        )

    @property
    def log_retention(self) -> RetentionDays:
        return LOG_RETENTIONS[self.log_retention_days]

    @property
    def environment(self) -> Environment:
        return Environment(account=self.account, region=self.region)

    @property
    def destroys(self) -> bool:
        """Whether deleting the stack deletes what it holds."""
        return self.removal_policy is RemovalPolicy.DESTROY


def _project(environment: Mapping[str, str], folder: Path | None) -> str:
    named = environment.get("WHARF_PROJECT")
    if named is None:
        return (folder and configured_project(folder)) or DEFAULT_PROJECT
    try:
        return project_name(named)
    except ValueError as error:
        raise ValueError(f"WHARF_PROJECT: {error}") from None


def _removal_policy(text: str) -> RemovalPolicy:
    try:
        return REMOVAL_POLICIES[text]
    except KeyError:
        allowed = " or ".join(REMOVAL_POLICIES)
        raise ValueError(f"WHARF_REMOVAL_POLICY is {text!r}; use {allowed}") from None


def _days(
    environment: Mapping[str, str], name: str, default: int, allowed: tuple[int, ...] = ()
) -> int:
    return _number(environment, name, default, "days", LONGEST, allowed)


def _number(
    environment: Mapping[str, str],
    name: str,
    default: int,
    unit: str,
    most: int,
    allowed: tuple[int, ...] = (),
) -> int:
    text = environment.get(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number in allowed or (not allowed and 1 <= number <= most):
        return number
    numbers = ", ".join(map(str, allowed)) if allowed else f"a whole number from 1 to {most}"
    raise ValueError(f"{name} is {text!r}, in {unit}; use {'one of ' if allowed else ''}{numbers}")
