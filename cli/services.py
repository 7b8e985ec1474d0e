"""The AWS clients of whichever cloud the environment names, and the clock."""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import NoCredentialsError, ProfileNotFound

DEFAULT_REGION = "eu-west-1"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """Everything a command reaches outside itself. Tests pass in their own."""

    client: Callable[[str], Any]
    """Service name, as boto3 spells it → client."""
    endpoint_url: str | None
    """The laptop's cloud; None: AWS."""
    region: str
    environment: Mapping[str, str]
    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep

    @property
    def on_laptop(self) -> bool:
        return self.endpoint_url is not None


def services_of(environment: Mapping[str, str]) -> Services:
    """Return the clients of the cloud that the environment names.

    ``AWS_ENDPOINT_URL`` set: that cloud; unset: AWS, with the credentials boto3 finds.
    Nothing is looked up before the first client is asked for, and that raises
    NoCredentialsError when no credentials are found.
    """
    endpoint_url = environment.get("AWS_ENDPOINT_URL") or None

    @functools.cache
    def session() -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=environment.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY"),
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
            region_name=_region(environment),
        )

    @functools.cache
    def client(name: str) -> Any:
        if session().get_credentials() is None:
            raise NoCredentialsError
        # The laptop throttles nobody: a refused connection there is an answer, not a hiccup.
        attempts = 1 if endpoint_url else 4
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=5,
            read_timeout=65,  # InvokeEndpoint answers within 60 s
        )
        make: Callable[..., Any] = session().client
        return make(name, endpoint_url=endpoint_url, config=config)

    return Services(
        client=client,
        endpoint_url=endpoint_url,
        region=_region(environment),
        environment=environment,
    )


def _region(environment: Mapping[str, str]) -> str:
    """The region of the environment, of its AWS profile, or the project's default."""
    named = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    try:
        return named or boto3.Session().region_name or DEFAULT_REGION
    except ProfileNotFound:  # said again, and better, when the first client is asked for
        return DEFAULT_REGION
