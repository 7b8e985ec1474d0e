"""The program of a training or processing job: started, logged, stopped in time."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from threading import Event
from typing import Any

from localcloud import logs, registry
from localcloud.cloud import Cloud
from localcloud.engine import ImageMissing, Launch, Program
from localcloud.sagemaker.job_tree import JobTree

STOP_GRACE = 120.0  # seconds between SIGTERM and SIGKILL (StopTrainingJob)
POLL = 0.2  # seconds between two looks at whether the job shall stop
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
    code: int
    ending: Ending


@dataclass
class Output:
    """Streams lines to CloudWatch Logs, and keeps what a job needs of them."""

    cloud: Cloud
    group: str
    stream: str
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))
    listeners: list[Any] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.tail.append(line)
        logs.put_lines(self.cloud, self.group, self.stream, [line])
        for listener in self.listeners:
            listener(line)


@dataclass(frozen=True)
class JobProgram:
    """What to run, and under which rules it ends."""

    cloud: Cloud
    name: str
    image: str
    role: str
    tree: JobTree
    environment: Mapping[str, str]
    arguments: tuple[str, ...]
    entrypoint: tuple[str, ...] | None
    max_runtime: float
    """Seconds."""
    stopping: Event

    def run(self, output: Output) -> Exit:
        """Run to the end. Raises StartError."""
        program = self._start(output)
        deadline = time.monotonic() + self.max_runtime
        while True:
            code = program.wait(POLL)
            if code is not None:
                return Exit(code, Ending.EXITED)
            if self.stopping.is_set():
                return Exit(program.stop(STOP_GRACE), Ending.STOPPED)
            if time.monotonic() > deadline:
                return Exit(program.stop(STOP_GRACE), Ending.OUT_OF_TIME)

    def _start(self, output: Output) -> Program:
        session = f"SageMaker-{self.name}"
        try:
            launch = Launch(
                digest=registry.pull(self.cloud, self.image, self.role),
                arguments=self.arguments,
                environment={**self.environment, **self.cloud.environment(self.role, session)},
                tree=self.tree.folder,
                entrypoint=self.entrypoint,
            )
            return self.cloud.engine.run(launch, output)
        except (registry.ImageRefused, ImageMissing, OSError) as error:
            raise StartError(str(error)) from None
