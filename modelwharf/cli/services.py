"""The AWS clients of the cloud that the environment names, and the clock."""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import NoCredentialsError, ProfileNotFound

from modelwharf.cli.clients import ClientOf
from modelwharf.cli.errors import CommandError
from modelwharf.contracts.laptop import is_laptop_key

NO_REGION = (
    "no region is configured, and none is guessed: `export AWS_REGION=…`, or "
    "`aws configure set region …` for the profile in use"
)
LEAVE = 'for AWS, `eval "$(wharf env --unset)"` and configure credentials as for any AWS tool'
RETURN = 'for the laptop\'s cloud, `eval "$(wharf env)"`'
# ECR Public has endpoints in two regions, but issues tokens only in this one (its API guide).
ONE_REGION = {"ecr-public": "us-east-1"}


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """Everything that a command uses outside the process. Tests pass their own."""

    client: ClientOf
    """boto3's service name → client."""
    endpoint_url: str | None
    """The address of the laptop's cloud; None: AWS."""
    configured_region: str | None
    environment: Mapping[str, str]
    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep

    @property
    def region(self) -> str:
        """The configured region. Raises CommandError when there is none."""
        if self.configured_region is None:
            raise CommandError(NO_REGION)
        return self.configured_region

    @property
    def on_laptop(self) -> bool:
        return self.endpoint_url is not None

    @property
    def deploy(self) -> str:
        """The command that deploys the template there."""
        return "wharf down && wharf up" if self.on_laptop else "cdk deploy"


def services_of(environment: Mapping[str, str]) -> Services:
    """Return the clients of the cloud that the environment names.

    ``AWS_ENDPOINT_URL`` set: that cloud; unset: AWS, with the credentials boto3 finds. Credentials
    are first looked up for the first client. That call raises NoCredentialsError when there are
    none, and CommandError when they belong to another cloud or no region is configured.
    """
    endpoint_url = environment.get("AWS_ENDPOINT_URL") or None
    region = _region(environment)

    @functools.cache
    def session() -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=environment.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
            region_name=region,
        )

    @functools.cache
    def client(name: str) -> Any:
        credentials = session().get_credentials()
        if credentials is None:
            raise NoCredentialsError
        require_own_key(str(credentials.access_key), endpoint_url)
        if region is None:
            raise CommandError(NO_REGION)
        # The laptop does not throttle: a refused connection there is final, so it is not retried.
        attempts = 1 if endpoint_url else 4
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=5,
            read_timeout=65,  # InvokeEndpoint answers within 60 s
        )
        make: Callable[..., Any] = session().client
        place = ONE_REGION.get(name)
        return make(name, endpoint_url=endpoint_url, region_name=place, config=config)

    return Services(
        client=client,
        endpoint_url=endpoint_url,
        configured_region=region,
        environment=environment,
    )


def require_own_key(access_key_id: str, endpoint_url: str | None) -> None:
    """Check the key.

    Raises CommandError for AWS's keys on the laptop's cloud, and for the laptop's on AWS.
    """
    if endpoint_url is not None and not is_laptop_key(access_key_id):
        raise CommandError(
            f"AWS_ENDPOINT_URL is {endpoint_url}, but the credentials ({access_key_id}) are not of "
            f"a laptop's cloud: {RETURN}; {LEAVE}"
        )
    if endpoint_url is None and is_laptop_key(access_key_id):
        raise CommandError(
            f"the credentials ({access_key_id}) are a laptop's cloud's, but AWS_ENDPOINT_URL is "
            f"not set, so this would go to AWS: {RETURN}; {LEAVE}"
        )


def _region(environment: Mapping[str, str]) -> str | None:
    """Return the region of the environment, or of its AWS profile."""
    named = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    try:
        return named or boto3.Session().region_name
    except ProfileNotFound:  # reported with a better message by the first client
        return None
