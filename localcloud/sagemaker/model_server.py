"""The server of one variant: started from its model, asked, restarted when it dies."""

import contextlib
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3

from contracts.parameters import WRITABLE_ROOT
from localcloud import disk, registry
from localcloud.cloud import Cloud
from localcloud.engine import EngineLost, ImageMissing, Launch, Program
from localcloud.processes import CloudStopping
from localcloud.sagemaker.data_capture import Capturer, Invocation
from localcloud.sagemaker.job_program import Output, limits_for, variables_for
from localcloud.sagemaker.job_tree import JobTree
from localcloud.sagemaker.s3_transfers import DataError, download_archive
from localcloud.sagemaker.variants import VariantPlan

PING_TIMEOUT = 2.0  # seconds (SageMaker's health check)
INVOKE_TIMEOUT = 60.0  # seconds (InvokeEndpoint)
STOP_GRACE = 30.0  # seconds between SIGTERM and SIGKILL for a serving container
POLL = 0.05  # seconds between two pings of a starting server
RESTART_PAUSE = 1.0  # seconds before a server that could not be started is tried again
READ_ONLY = "read-only file system"


class DeployError(Exception):
    """A variant cannot be brought into service; the message is for the FailureReason."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]


class ServerDown(Exception):
    """The server does not answer."""


class ModelServer:
    """One variant's server."""

    def __init__(self, cloud: Cloud, endpoint: str, plan: VariantPlan) -> None:
        self._cloud = cloud
        self._endpoint = endpoint
        self._variant = plan.name
        self._container = plan.container
        self._instance_type = plan.instance_type
        self._startup = plan.startup
        self._instance = f"i-{uuid.uuid4().hex[:17]}"
        self._group = f"/aws/sagemaker/Endpoints/{endpoint}"
        self._output = Output(cloud, self._group, self.stream)
        self._capturer = self._new_capturer(plan)
        self._stopping = threading.Event()
        self._program: Program | None = None
        self._pool: urllib3.HTTPConnectionPool | None = None

    @property
    def stream(self) -> str:
        return f"{self._variant}/{self._instance}"

    @property
    def stream_arn(self) -> str:
        return self._cloud.arn("logs", f"log-group:{self._group}:log-stream:{self.stream}")

    def start(self) -> str:
        """Bring it to health; the digest of its image. Raises DeployError."""
        try:
            digest = registry.pull(self._cloud, self._container.image, self._container.role)
            program = self._launch(digest)
            self._await_health(program)
        except (registry.ImageRefused, ImageMissing, EngineLost, CloudStopping) as error:
            self.stop()
            raise DeployError(str(error)) from None
        except OSError as error:
            self.stop()
            raise DeployError(disk.in_words(error, self._cloud.directory)) from None
        except DeployError:
            self.stop()
            raise
        threading.Thread(target=self._keep, args=(digest, program), daemon=True).start()
        return digest

    def stop(self) -> None:
        self._stopping.set()
        if self._program is not None:
            _end(self._program)
        if self._pool is not None:
            self._pool.close()
        if self._capturer is not None:
            self._capturer.close()

    def capture(self, invocation: Invocation) -> None:
        """Keep it, if the endpoint's configuration captures and this one is drawn."""
        if self._capturer is not None:
            self._capturer.offer(invocation)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Ask the model. Raises ServerDown, or TimeoutError after SageMaker's 60 seconds."""
        return self._ask("POST", "/invocations", INVOKE_TIMEOUT, body, headers)

    def _new_capturer(self, plan: VariantPlan) -> Capturer | None:
        if plan.capture is None:
            return None
        return Capturer(
            self._cloud,
            plan.capture,
            endpoint=self._endpoint,
            variant=plan.name,
            role=plan.container.role,
            log=self._output,
        )

    def _launch(self, digest: str) -> Program:
        folder = self._cloud.directory / "endpoints" / self._endpoint / self._instance
        tree = JobTree.create(folder, "model", "output", "code")
        session = f"SageMaker-{self._endpoint}"
        if self._container.artifact is not None:
            s3 = self._cloud.client("s3", role=self._container.role, session=session)
            try:
                download_archive(s3, self._container.artifact, tree.folder / "model")
            except DataError as error:
                raise DeployError(
                    f"Failed to download model data for container of variant {self._variant} from "
                    f"URL: {self._container.artifact!r}. Please ensure that there is an object "
                    "located at the URL and that the role passed to CreateModel has permissions "
                    f"to download the object. ({error})"
                ) from None
        launch = Launch(
            digest=digest,
            arguments=("serve",),
            environment={
                **self._container.environment,
                **variables_for(
                    self._cloud, self._container.role, session, isolated=self._container.isolated
                ),
            },
            tree=tree.folder,
            name=f"endpoint/{self._endpoint}/{self._variant}",
            serves=True,
            isolated=self._container.isolated,
            read_only=self._container.environment.get(WRITABLE_ROOT) != "1",
            limits=limits_for(self._cloud, self._instance_type, self._output),
        )
        self._program = self._cloud.engine.run(launch, self._output)
        assert self._program.address is not None  # noqa: S101 - it was asked to serve
        host, port = self._program.address
        self._pool = urllib3.HTTPConnectionPool(host, port, maxsize=64, retries=False)
        return self._program

    def _await_health(self, program: Program) -> None:
        deadline = time.monotonic() + self._startup
        while not self._healthy():
            code = program.poll()
            if code is not None or time.monotonic() > deadline:
                diagnosis = self._diagnosis(code, program.killed_for)
                self._output(f"[localcloud] {diagnosis}")
                raise DeployError(
                    f"The primary container for production variant {self._variant} did not pass "
                    "the ping health check. Please check CloudWatch logs for this endpoint. "
                    f"({diagnosis})"
                )
            if self._stopping.wait(POLL):
                raise DeployError(f"Variant {self._variant} was stopped while it started.")

    def _diagnosis(self, code: int | None, killed_for: str | None) -> str:
        found = f"/ping did not answer 200 within {self._startup:g} s"
        if code is not None:
            found = f"the server exited with code {code} before it was healthy"
        if killed_for is not None:
            found += f": {killed_for}; use an instance type with more memory"
        if any(READ_ONLY in line.lower() for line in self._output.tail):
            found += (
                ": it writes to its root file system, which is read-only: let it write under "
                f"/opt/ml or /tmp, or set {WRITABLE_ROOT} to 1 in deployment.environment"
            )
        return found

    def _healthy(self) -> bool:
        try:
            return self._ask("GET", "/ping", PING_TIMEOUT).status == 200
        except (ServerDown, TimeoutError):
            return False

    def _ask(
        self,
        method: str,
        path: str,
        timeout: float,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        pool = self._pool
        if pool is None:
            raise ServerDown(self._variant)
        try:
            answer = pool.request(
                method, path, body=body, headers=dict(headers or {}), timeout=timeout
            )
        except urllib3.exceptions.ReadTimeoutError:
            raise TimeoutError(f"no answer within {timeout:g} s") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ServerDown(str(error)) from None
        return Answer(answer.status, answer.data, answer.headers)

    def _keep(self, digest: str, program: Program) -> None:
        """Start the server again whenever it dies, as SageMaker restarts a container."""
        while not self._stopping.is_set():
            said = _ended(program)
            if self._stopping.is_set():
                break
            self._output(f"[localcloud] the server {said}; starting it again")
            again = self._launched_again(digest)
            if again is None:
                return
            program = again
        _end(program)  # It may have been started while stop() was under way.

    def _launched_again(self, digest: str) -> Program | None:
        """Try until it starts, for the engine may be away; None when nothing shall start."""
        told = ""
        while not self._stopping.is_set():
            try:
                return self._launch(digest)
            except CloudStopping:
                return None
            except Exception as error:
                if str(error) != told:
                    told = str(error)
                    self._output(f"[localcloud] the server cannot be started: {told}")
                self._stopping.wait(RESTART_PAUSE)
        return None


def _ended(program: Program) -> str:
    """Wait for the end, and say how it came."""
    try:
        code = program.wait()
    except (EngineLost, OSError) as error:
        return f"is gone: {error}"
    killed = f" ({program.killed_for})" if program.killed_for else ""
    return f"exited with code {code}{killed}"


def _end(program: Program) -> None:
    """Stop it. With a lost engine it has ended already."""
    with contextlib.suppress(EngineLost, OSError):
        program.stop(STOP_GRACE)
