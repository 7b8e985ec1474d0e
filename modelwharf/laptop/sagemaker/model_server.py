"""The server of one variant: started from its model, sent requests, restarted when it ends."""

import logging
import threading
import time
import uuid
from collections.abc import Mapping

from modelwharf.engines import disk
from modelwharf.engines.engine import EngineLost, ImageMissing, Program
from modelwharf.engines.exit_codes import in_words
from modelwharf.engines.processes import CloudStopping
from modelwharf.laptop import registry
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.sagemaker.data_capture import Capturer, Invocation
from modelwharf.laptop.sagemaker.job_program import Output
from modelwharf.laptop.sagemaker.model_container import (
    Answer,
    ContainerPlan,
    ModelContainer,
    NotHealthy,
    StoppedWaiting,
    end,
)
from modelwharf.laptop.sagemaker.s3_transfers import DataError
from modelwharf.laptop.sagemaker.variants import VariantPlan

log = logging.getLogger(__name__)

INVOKE_TIMEOUT = 60.0  # seconds (InvokeEndpoint)
RESTART_PAUSE = 1.0  # seconds before the next try to start a server
PING_EVERY = 5.0  # seconds between two health checks of a server in service
FAILED_PINGS = 5  # in a row, after which the container is restarted
STEADY_PINGS = 5  # that must also be answered before an update is complete
STEADY_PAUSE = 0.1  # seconds between two of these pings
SHORT_LIFE = 60.0  # seconds; a server that repeatedly ends sooner is restarted with growing pauses
LONGEST_PAUSE = 30.0  # seconds


class DeployError(Exception):
    """A variant cannot be put into service. The message is for the FailureReason."""


class ModelServer:
    """One variant's server."""

    def __init__(self, cloud: Cloud, endpoint: str, plan: VariantPlan) -> None:
        self._cloud = cloud
        self._endpoint = endpoint
        self._variant = plan.name
        self._container = plan.container
        self._instance = f"i-{uuid.uuid4().hex[:17]}"
        self._group = f"/aws/sagemaker/Endpoints/{endpoint}"
        session = f"SageMaker-{endpoint}"
        self._output = Output(cloud, plan.container.role, session, self._group, self.stream)
        self._capturer = self._new_capturer(plan)
        self._stopping = threading.Event()
        self._program: Program | None = None
        self._ends: list[str] = []  # the reason of each end after it had been healthy
        self._server = ModelContainer(
            cloud,
            ContainerPlan(
                container=plan.container,
                name=f"endpoint/{endpoint}/{plan.name}",
                session=session,
                folder=cloud.directory / "endpoints" / endpoint / self._instance,
                instance_type=plan.instance_type,
                startup=plan.startup,
            ),
            self._output,
        )

    @property
    def stream(self) -> str:
        return f"{self._variant}/{self._instance}"

    @property
    def stream_arn(self) -> str:
        return self._cloud.arn("logs", f"log-group:{self._group}:log-stream:{self.stream}")

    def start(self) -> str:
        """Start the server, wait until it is healthy, and return its image's digest.

        Raises DeployError.
        """
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
        self._program = program
        threading.Thread(target=self._keep, args=(digest, program), daemon=True).start()
        return digest

    def require_steady(self) -> None:
        """Ping on after the first 200, as SageMaker does. Raises DeployError at a failure."""
        failed = 0
        for _ in range(STEADY_PINGS):
            if not self._server.healthy():
                failed += 1
                self._wait_for_end()
            if self._ends or failed > STEADY_PINGS // 2:
                how = self._ends[0] if self._ends else "stopped answering /ping with 200"
                raise self._unhealthy(f"the server {how} after it had been healthy")
            if self._stopping.wait(STEADY_PAUSE):
                return

    def _wait_for_end(self) -> None:
        """Wait for the exit code: a server that ends closes its port shortly before it exits."""
        deadline = time.monotonic() + RESTART_PAUSE
        while not self._ends and time.monotonic() < deadline:
            self._stopping.wait(STEADY_PAUSE)

    def _unhealthy(self, diagnosis: str) -> DeployError:
        return DeployError(
            f"The primary container for production variant {self._variant} did not pass "
            f"the ping health check. Please check CloudWatch logs for this endpoint. ({diagnosis})"
        )

    def say(self, words: str) -> None:
        """Write a line of the cloud's own to the server's log."""
        self._output(f"[laptop] {words}")

    def stop(self) -> None:
        self._stopping.set()
        self._server.stop()
        if self._capturer is not None:
            self._capturer.close()

    @property
    def why_down(self) -> str:
        """Why the server answers no request at the moment."""
        again = f" again: it {self._ends[-1]}" if self._ends else ""
        return f"The server of variant {self._variant} is starting{again}."

    def capture(self, invocation: Invocation) -> None:
        """Pass the invocation to data capture, if the endpoint's configuration has it."""
        if self._capturer is not None:
            self._capturer.offer(invocation)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Call the model. Raises ServerDown, or TimeoutError after SageMaker's 60 seconds."""
        return self._server.ask("POST", "/invocations", INVOKE_TIMEOUT, body, headers)

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
        try:
            return self._server.launch(digest)
        except DataError as error:
            raise DeployError(
                f"Failed to download model data for container of variant {self._variant} from "
                f"URL: {self._container.artifact!r}. Please ensure that there is an object "
                "located at the URL and that the role passed to CreateModel has permissions "
                f"to download the object. ({error})"
            ) from None

    def _await_health(self, program: Program) -> None:
        try:
            self._server.await_health(program, self._stopping)
        except NotHealthy as error:
            raise self._unhealthy(str(error)) from None
        except StoppedWaiting:
            raise DeployError(f"Variant {self._variant} was stopped while it started.") from None

    def _keep(self, digest: str, program: Program) -> None:
        """Restart the server whenever it ends, as SageMaker restarts a container."""
        short, begun = 0, time.monotonic()
        while not self._stopping.is_set():
            said = self._watched(program)
            if self._stopping.is_set():
                break
            self._ends.append(said)
            short = short + 1 if time.monotonic() - begun < SHORT_LIFE else 0
            self._pause_before_restart(said, short)
            begun = time.monotonic()
            again = self._launched_again(digest)
            if again is None:
                return
            program = again
        end(program)  # It may have been started during stop().

    def _pause_before_restart(self, said: str, short: int) -> None:
        """Wait before a restart: not at first, then longer each time the server ends again."""
        pause = min(LONGEST_PAUSE, 2.0 ** (short - 2)) if short > 1 else 0.0
        message = f"the server {said}; starting it again"
        if pause:
            message += (
                f" in {pause:g} s: it has ended {short} times in a row within {SHORT_LIFE:g} s of "
                "its start, and the endpoint does not answer meanwhile"
            )
            log.warning("endpoint %s, variant %s: %s", self._endpoint, self._variant, message)
        self._output(f"[laptop] {message}")
        self._stopping.wait(pause)

    def _watched(self, program: Program) -> str:
        """Ping the program until its end, and return the reason of the end."""
        failed = 0
        while True:
            try:
                code = program.wait(PING_EVERY)
            except (EngineLost, OSError) as error:
                return f"is gone: {error}"
            if code is not None:
                killed = f" ({program.killed_for})" if program.killed_for else ""
                return f"ended with {in_words(code)}{killed}"
            failed = 0 if self._stopping.is_set() or self._server.healthy() else failed + 1
            if failed == FAILED_PINGS:
                end(program)
                return f"did not answer /ping with 200 {FAILED_PINGS} times in a row"

    def _launched_again(self, digest: str) -> Program | None:
        """Retry the launch until it succeeds: the engine may be away. None after a stop."""
        message = ""
        while not self._stopping.is_set():
            try:
                return self._launch(digest)
            except CloudStopping:
                return None
            except Exception as error:
                if str(error) != message:
                    message = str(error)
                    self._output(f"[laptop] the server cannot be started: {message}")
                self._stopping.wait(RESTART_PAUSE)
        return None
