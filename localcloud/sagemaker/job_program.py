"""The program of a training or processing job: started, logged, stopped in time."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from threading import Event
from typing import Any

from localcloud import disk, logs, registry
from localcloud.cloud import Cloud
from localcloud.engine import ImageMissing, Launch, Limits, Program
from localcloud.exit_codes import signal_in_words
from localcloud.instance_types import limits_of
from localcloud.sagemaker import telemetry
from localcloud.sagemaker.job_tree import JobTree, failure_reason
from localcloud.sagemaker.last_words import last_words

STOP_GRACE = 120.0  # seconds between SIGTERM and SIGKILL (StopTrainingJob)
POLL = 0.2  # seconds between two looks at whether the job shall stop
LAST_WORDS = 960  # characters, so that a FailureReason of 1,024 holds its other words besides
TAIL = 20  # lines of output kept for the reason of a program that wrote none itself


class StartError(Exception):
    """The program cannot be started; the message is for the FailureReason."""


class Ending(Enum):
    """Why a program ended."""

    EXITED = "exited"
    STOPPED = "stopped"
    OUT_OF_TIME = "out of time"


@dataclass(frozen=True)
class Exit:
    """``killed_for`` is why the engine itself ended it, such as a lack of memory."""

    code: int
    ending: Ending
    killed_for: str | None = None
    left_out: tuple[str, ...] = ()
    """What it wrote to ``/opt/ml`` and could not be kept, in words."""

    def reason(self, text: str | None, tail: Sequence[str] = ()) -> str:
        """The FailureReason: how it was killed, if it was, and its own text or its last words."""
        said = f"{self._killed}. " if self._killed else ""
        said += text or last_words(tail, LAST_WORDS - len(said))
        said = said.removesuffix(". ") or "See job logs for more information"
        return failure_reason("AlgorithmError", said, self.code)

    @property
    def _killed(self) -> str | None:
        if self.killed_for is not None:
            return f"{self.killed_for}; use an instance type with more memory"
        name = signal_in_words(self.code)
        return f"ended as if killed by {name}" if name else None


def limits_for(cloud: Cloud, instance_type: str, log: Callable[[str], None]) -> Limits:
    """What the instance type has; none, and a line in the log, when it is not known."""
    found = limits_of(instance_type)
    if found is None and "limits" not in cloud.engine.lacks:
        log(f"[localcloud] {instance_type} is not in localcloud/instance_types.py: no limits")
    return found or Limits()


def variables_for(cloud: Cloud, role: str, session: str, *, isolated: bool) -> Mapping[str, str]:
    """An isolated container gets no credentials, as on AWS."""
    if isolated:
        return {"AWS_REGION": cloud.region, "AWS_DEFAULT_REGION": cloud.region}
    return cloud.environment(role, session)


@dataclass
class Output:
    """Streams lines to CloudWatch Logs, as the role may, and keeps what a job needs of them."""

    cloud: Cloud
    role: str
    session: str
    group: str
    stream: str
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))
    listeners: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        place = (self.cloud, self.role, self.session, self.group)
        self._written = telemetry.may_log(*place, self.stream)
        telemetry.may_measure(*place)

    def __call__(self, line: str) -> None:
        self.tail.append(line)
        if self._written:
            logs.put_lines(self.cloud, self.group, self.stream, [line])
        for listener in self.listeners:
            listener(line)


@dataclass(frozen=True)
class JobProgram:
    """What to run, and under which rules it ends."""

    cloud: Cloud
    name: str
    """Such as ``training-job/oil-price-r-1``."""
    image: str
    role: str
    tree: JobTree
    environment: Mapping[str, str]
    arguments: tuple[str, ...]
    entrypoint: tuple[str, ...] | None
    instance_type: str
    isolated: bool
    max_runtime: float
    """Seconds."""
    stopping: Event

    def run(self, output: Output) -> Exit:
        """Run to the end. Raises StartError; EngineLost or OSError for what is not its fault."""
        program = self._start(output)
        deadline = time.monotonic() + self.max_runtime
        while True:
            code = program.wait(POLL)
            if code is not None:
                return Exit(code, Ending.EXITED, program.killed_for, program.left_out)
            if self.stopping.is_set():
                return Exit(program.stop(STOP_GRACE), Ending.STOPPED, None, program.left_out)
            if time.monotonic() > deadline:
                return Exit(program.stop(STOP_GRACE), Ending.OUT_OF_TIME, None, program.left_out)

    def _start(self, output: Output) -> Program:
        session = f"SageMaker-{self.name.rpartition('/')[2]}"
        try:
            launch = Launch(
                digest=registry.pull(self.cloud, self.image, self.role),
                arguments=self.arguments,
                environment={
                    **self.environment,
                    **variables_for(self.cloud, self.role, session, isolated=self.isolated),
                },
                tree=self.tree.folder,
                name=self.name,
                entrypoint=self.entrypoint,
                isolated=self.isolated,
                limits=limits_for(self.cloud, self.instance_type, output),
            )
            return self.cloud.engine.run(launch, output)
        except (registry.ImageRefused, ImageMissing) as error:
            raise StartError(str(error)) from None
        except OSError as error:
            if disk.is_full(error):
                raise
            raise StartError(str(error)) from None
