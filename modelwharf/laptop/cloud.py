"""What all services of the laptop's cloud share: directory, clients, credentials, processes."""

import contextlib
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config
from moto.sts.models import sts_backends

from modelwharf.contracts.laptop import LaptopKey
from modelwharf.engines.engine import Engine, EngineLost
from modelwharf.engines.processes import Processes
from modelwharf.laptop import answer_keys, formats, keys, read_once  # noqa: F401  first: see there
from modelwharf.laptop.faults import Faults
from modelwharf.laptop.quotas import Quotas

ACCOUNT = "123456789012"
USER_AGENT = "modelwharf-laptop"  # botocore would compose one twice per call


class Functions(Protocol):
    """The Lambda functions, as other services call them."""

    def pids(self, function_name: str) -> list[int]:
        """The ids of a function's processes, idle or busy."""

    def invoke_for_service(self, arn: str, body: str, *, principal: str, source_arn: str) -> None:
        """Call a function for another service if its resource policy allows that service."""


class GrantRecord(Protocol):
    """Records which grants were needed (modelwharf.laptop.iam.used_grants)."""

    def note(self, principal: Any, request: Any) -> None:
        """Note a request that only the principal's policies allow."""


@dataclass
class Cloud:
    """One running cloud. It is passed to the service modules, which keep it."""

    directory: Path
    url: str
    region: str
    account: str = ACCOUNT
    processes: Processes = field(default_factory=Processes)
    workers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(64, thread_name_prefix="modelwharf.laptop")
    )
    emit: Callable[[str, str, Mapping[str, Any], Sequence[str]], None] = field(
        default=lambda source, detail_type, detail, resources: None
    )
    """Put a service's own event on the default bus; modelwharf.laptop.events fills this in."""
    faults: Faults = field(default_factory=Faults)
    quotas: Quotas = field(default_factory=Quotas)
    engine: Engine = field(init=False)
    """Builds and runs images; modelwharf.laptop.server fills this in."""
    functions: Functions = field(init=False)
    """The Lambda functions; modelwharf.laptop.functions fills this in."""
    used_grants: GrantRecord | None = None
    """Records which grants were needed; modelwharf.laptop.server fills this in."""
    registry_key: str = field(default_factory=secrets.token_urlsafe, repr=False)
    """The key of the base registry (modelwharf.laptop.base_registry)."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the cloud ends: threads that wait for it return."""
    root_key: LaptopKey = field(init=False, repr=False)
    """The deployer's key, which has every permission; stored in ``directory``."""
    _session: Any = field(default_factory=boto3.Session, repr=False)
    _session_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _root_clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.root_key = keys.root_key(self.directory)

    def stop(self) -> None:
        """End every process, and start no new one."""
        self.stopping.set()
        self.workers.shutdown(wait=False, cancel_futures=True)
        self.processes.stop_all()
        # The programs of a lost engine have been killed. The next start removes what remains.
        with contextlib.suppress(EngineLost, OSError):
            self.engine.sweep()

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this cloud."""
        return formats.arn(service, resource, region=self.region, account=self.account)

    def client(self, service: str, *, role: str | None = None, session: str = "laptop") -> Any:
        """A boto3 client of this cloud: as root, or as ``role`` (an IAM role's ARN)."""
        signing = self.credentials(role, session) if role else self.root_credentials()
        # The session caches the services' models. It can create one client at a time.
        with self._session_lock:
            if role:
                return self._new_client(service, signing)
            # Each of a template's hundred resources needs a client, and creating one takes 20 ms.
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
                retries={"total_max_attempts": 1},
                read_timeout=900,
                max_pool_connections=50,
                user_agent=USER_AGENT,
            ),
        )

    def root_credentials(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.root_key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.root_key.secret_access_key,
        }

    def credentials(self, role: str, session: str) -> dict[str, str]:
        """Environment variables with a role's temporary credentials. Its policies judge calls."""
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
        """The environment variables that point any AWS SDK in a child process to this cloud."""
        return {
            **self.credentials(role, session),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "LANG": "C.UTF-8",
        }
