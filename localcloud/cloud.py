"""What every service of the laptop's cloud shares: place, clients, credentials, processes."""

import contextlib
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.sts.models import sts_backends

from contracts.laptop import LaptopKey
from localcloud import formats, keys, read_once  # noqa: F401  first: see there
from localcloud.engine import Engine, EngineLost
from localcloud.faults import Faults
from localcloud.processes import Processes
from localcloud.quotas import Quotas

if TYPE_CHECKING:
    from localcloud.functions import Functions
    from localcloud.iam.used_grants import UsedGrants

ACCOUNT = "123456789012"


@dataclass
class Cloud:
    """One running cloud. Service modules get it passed in and keep it."""

    directory: Path
    url: str
    region: str
    account: str = ACCOUNT
    processes: Processes = field(default_factory=Processes)
    workers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(64, thread_name_prefix="localcloud")
    )
    emit: Callable[[str, str, Mapping[str, Any], Sequence[str]], None] = field(
        default=lambda source, detail_type, detail, resources: None
    )
    """Put a service's own event on the default bus; localcloud.events fills this in."""
    faults: Faults = field(default_factory=Faults)
    quotas: Quotas = field(default_factory=Quotas)
    engine: Engine = field(init=False)
    """What builds and runs images; localcloud.server fills this in."""
    functions: "Functions" = field(init=False)
    """The Lambda functions; localcloud.functions fills this in."""
    used_grants: "UsedGrants | None" = None
    """Where to note which grants were needed; localcloud.server fills this in."""
    registry_key: str = field(default_factory=secrets.token_urlsafe, repr=False)
    """Who may ask the base registry (localcloud.base_registry)."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the cloud ends: whoever waits goes home."""
    root_key: LaptopKey = field(init=False, repr=False)
    """Of the deployer, who owns every permission; kept in ``directory``."""
    _session: Any = field(default_factory=boto3.Session, repr=False)
    _session_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _root_clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.root_key = keys.root_key(self.directory)

    def stop(self) -> None:
        """End every process, and begin nothing new."""
        self.stopping.set()
        self.workers.shutdown(wait=False, cancel_futures=True)
        self.processes.stop_all()
        # What a lost engine ran has been killed; the next start sweeps what it keeps.
        with contextlib.suppress(EngineLost, OSError):
            self.engine.sweep()

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this cloud."""
        return formats.arn(service, resource, region=self.region, account=self.account)

    def client(self, service: str, *, role: str | None = None, session: str = "laptop") -> Any:
        """A boto3 client of this cloud: as root, or as ``role`` (an IAM role's ARN)."""
        signing = self.credentials(role, session) if role else self.root_credentials()
        # One session, for it keeps the services' models; it makes one client at a time.
        with self._session_lock:
            if role:
                return self._new_client(service, signing)
            # Each of a template's hundred resources asks for one, and a client takes 20 ms.
            if service not in self._root_clients:
                self._root_clients[service] = self._new_client(service, signing)
            return self._root_clients[service]

    def _new_client(self, service: str, signing: Mapping[str, str]) -> Any:
        return self._session.client(
            service,
            region_name=self.region,
            endpoint_url=self.url,
            aws_access_key_id=signing["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=signing["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=signing.get("AWS_SESSION_TOKEN"),
            config=Config(
                retries={"total_max_attempts": 1}, read_timeout=900, max_pool_connections=50
            ),
        )

    def root_credentials(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.root_key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.root_key.secret_access_key,
        }

    def credentials(self, role: str, session: str) -> dict[str, str]:
        """Temporary credentials of a role, as environment variables: calls are judged by them."""
        assumed = sts_backends[self.account][formats.PARTITION].assume_role(
            region_name=self.region,
            role_session_name=session[:64],
            role_arn=role,
            policy="",
            duration=3600,
            external_id="",
        )
        return {
            "AWS_ACCESS_KEY_ID": assumed.access_key_id,
            "AWS_SECRET_ACCESS_KEY": assumed.secret_access_key,
            "AWS_SESSION_TOKEN": assumed.session_token,
        }

    def environment(self, role: str, session: str) -> dict[str, str]:
        """The variables with which any AWS SDK in a child process finds this cloud."""
        return {
            **self.credentials(role, session),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "LANG": "C.UTF-8",
        }
