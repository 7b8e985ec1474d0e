"""What differs from one deployment of the stack to another."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Environment, RemovalPolicy
from aws_cdk.aws_logs import RetentionDays

from contracts.names import project_name

DEFAULT_PROJECT = "oil-price"
# Retained on update and delete, not when the first deployment fails: its rollback would leave
# what has a name behind, and the next attempt would find that name taken.
RETAIN = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
REMOVAL_POLICIES = {"retain": RETAIN, "destroy": RemovalPolicy.DESTROY}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One deployment. Without account and region the template fits every one of them."""

    project: str = DEFAULT_PROJECT
    account: str | None = None
    region: str | None = None
    removal_policy: RemovalPolicy = RETAIN
    log_retention: RetentionDays = RetentionDays.THREE_MONTHS
    sweep_after_seconds: int = 60
    """How long a waiting task is left to its event before the sweep looks itself."""
    lost_push_after_seconds: int = 300
    """How long a push is left to its message, and to Lambda's retries of it, before it is lost."""
    python_version: str = "3.12"
    """Of the functions and of their layer: any that AWS publishes the layer for."""
    powertools_version: str = "3.37.0"
    eia_url: str = "https://api.eia.gov/v2"
    log_level: str = "INFO"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings. Raises ValueError, which names the variable and what is allowed.

        ``CDK_DEFAULT_ACCOUNT`` and ``CDK_DEFAULT_REGION`` come from the CDK's command line.
        """
        try:
            project = project_name(environment.get("WHARF_PROJECT", DEFAULT_PROJECT))
        except ValueError as error:
            raise ValueError(f"WHARF_PROJECT: {error}") from None
        return cls(
            project=project,
            account=environment.get("CDK_DEFAULT_ACCOUNT"),
            region=environment.get("CDK_DEFAULT_REGION"),
            removal_policy=_removal_policy(environment.get("WHARF_REMOVAL_POLICY", "retain")),
        )

    @property
    def environment(self) -> Environment:
        return Environment(account=self.account, region=self.region)

    @property
    def destroys(self) -> bool:
        """Whether deleting the stack deletes what it holds."""
        return self.removal_policy is RemovalPolicy.DESTROY


def _removal_policy(text: str) -> RemovalPolicy:
    try:
        return REMOVAL_POLICIES[text]
    except KeyError:
        allowed = " or ".join(REMOVAL_POLICIES)
        raise ValueError(f"WHARF_REMOVAL_POLICY is {text!r}; use {allowed}") from None
