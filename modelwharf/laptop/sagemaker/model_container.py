"""A model's container as a server: download the artifact, launch, ping, send requests, end."""

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from modelwharf.contracts.parameters import WRITABLE_ROOT
from modelwharf.engines.engine import EngineLost, Launch, Program
from modelwharf.engines.exit_codes import in_words
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker.job_program import Output, limits_for, variables_for
from modelwharf.laptop.sagemaker.job_tree import JobTree
from modelwharf.laptop.sagemaker.s3_transfers import download_archive
from modelwharf.laptop.sagemaker.variants import Container

PING_TIMEOUT = 2.0  # seconds (SageMaker's health check)
STOP_GRACE = 30.0  # seconds between SIGTERM and SIGKILL for a serving container
POLL = 0.05  # seconds between two pings of a starting server
READ_ONLY = "read-only file system"


class NotHealthy(Exception):
    """The server does not answer /ping with 200. The message is the diagnosis."""


class StoppedWaiting(Exception):
    """The server is not needed any more."""


class ServerDown(Exception):
    """The server does not answer."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class ContainerPlan:
    """The container to run, and its settings. ``folder`` is its own on this machine."""

    container: Container
    name: str
    """The name in the engine's list of programs, such as ``transform-job/oil-price-1``."""
    session: str
    """The session name of the container's role."""
    folder: Path
    instance_type: str
    startup: float
    """Seconds until the container must be healthy."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Additional variables, which override the model's own."""


class ModelContainer:
    """One container, which may be launched several times."""

    def __init__(self, cloud: Cloud, plan: ContainerPlan, output: Output) -> None:
        self._cloud = cloud
        self._plan = plan
        self._output = output
        self._program: Program | None = None
        self._pool: urllib3.HTTPConnectionPool | None = None
        self._last_ping = ""  # the result of the last health check, in words

    def launch(self, digest: str) -> Program:
        """Start the server. Raises DataError, ImageMissing, EngineLost, CloudStopping, OSError."""
        plan, container = self._plan, self._plan.container
        tree = JobTree.create(plan.folder, "model", "output", "code")
        if container.artifact is not None:
            s3 = self._cloud.client("s3", role=container.role, session=plan.session)
            download_archive(s3, container.artifact, tree.folder / "model")
        launch = Launch(
            digest=digest,
            arguments=("serve",),
            environment={
                **container.environment,
                **plan.environment,
                **variables_for(
                    self._cloud, container.role, plan.session, isolated=container.isolated
                ),
            },
            tree=tree.folder,
            name=plan.name,
            serves=True,
            isolated=container.isolated,
            read_only=container.environment.get(WRITABLE_ROOT) != "1",
            limits=limits_for(self._cloud, plan.instance_type, self._output),
        )
        self._program = self._cloud.engine.run(launch, self._output)
        assert self._program.address is not None  # noqa: S101 - the launch asked for a server
        host, port = self._program.address
        self._pool = urllib3.HTTPConnectionPool(host, port, maxsize=64, retries=False)
        return self._program

    def await_health(self, program: Program, stopping: threading.Event) -> None:
        """Wait for health. Raises NotHealthy, or StoppedWaiting once ``stopping`` is set."""
        deadline = time.monotonic() + self._plan.startup
        while not self.healthy():
            code = program.poll()
            if code is not None or time.monotonic() > deadline:
                where = program.unreachable if code is None else ""
                diagnosis = self._diagnosis(code, program.killed_for, where)
                self._output(f"[laptop] {diagnosis}")
                raise NotHealthy(diagnosis)
            if stopping.wait(POLL):
                raise StoppedWaiting

    def ask(
        self,
        method: str,
        path: str,
        timeout: float,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        chunked: bool = False,
    ) -> Answer:
        """Send one request. Raises ServerDown, or TimeoutError after ``timeout`` seconds."""
        pool = self._pool
        if pool is None:
            raise ServerDown(self._plan.name)
        try:
            answer = pool.request(
                method,
                path,
                body=body,
                headers=dict(headers or {}),
                timeout=timeout,
                chunked=chunked,
            )
        except urllib3.exceptions.ReadTimeoutError:
            raise TimeoutError(f"no answer within {timeout:g} s") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ServerDown(str(error)) from None
        return Answer(answer.status, answer.data, answer.headers)

    def ended(self) -> bool:
        """Whether the program has ended. Raises EngineLost."""
        return self._program is None or self._program.poll() is not None

    def stop(self) -> None:
        """End the program. If the engine is lost, the program has already ended."""
        if self._program is not None:
            end(self._program)
        if self._pool is not None:
            self._pool.close()

    def healthy(self) -> bool:
        """Whether the server passes one health check."""
        try:
            status = self.ask("GET", "/ping", PING_TIMEOUT).status
        except ServerDown:
            self._last_ping = "could not connect"
            return False
        except TimeoutError as error:
            self._last_ping = f"got {error}"
            return False
        self._last_ping = f"got {status}"
        return status == 200

    def _diagnosis(self, code: int | None, killed_for: str | None, unreachable: str) -> str:
        why = f": {unreachable}" if unreachable else f"; the last ping {self._last_ping}"
        found = f"/ping did not answer 200 within {self._plan.startup:g} s{why}"
        if code is not None:
            found = f"the server ended with {in_words(code)} before it was healthy"
        if killed_for is not None:
            found += f": {killed_for}; use an instance type with more memory"
        if any(READ_ONLY in line.lower() for line in self._output.tail):
            found += (
                ": it writes to its root file system, which is read-only: let it write under "
                f"/opt/ml or /tmp, or set {WRITABLE_ROOT} to 1 in deployment.environment"
            )
        return found


def end(program: Program) -> None:
    """Stop a server. If the engine is lost, the server has already ended."""
    with contextlib.suppress(EngineLost, OSError):
        program.stop(STOP_GRACE)
