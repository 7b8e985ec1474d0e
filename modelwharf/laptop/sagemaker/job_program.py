"""The program of a training or processing job: started on its hosts, logged, stopped in time."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import Any

from modelwharf.engines import disk
from modelwharf.engines.engine import (
    Cluster,
    ImageMissing,
    Launch,
    Limits,
    Program,
    cluster_of,
    host_label,
)
from modelwharf.engines.exit_codes import signal_in_words
from modelwharf.engines.log_tail import log_tail
from modelwharf.engines.together import Exit, Together, run_together
from modelwharf.laptop import logs, registry
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.instance_types import limits_of
from modelwharf.laptop.sagemaker import telemetry
from modelwharf.laptop.sagemaker.job_tree import JobTree, failure_reason

STOP_GRACE = 120.0  # seconds between SIGTERM and SIGKILL (StopTrainingJob)
TAIL_LIMIT = 960  # characters, so that a FailureReason of 1,024 has space for its other words
TAIL = 20  # lines of output kept for the reason of a program that wrote none


class StartError(Exception):
    """The program cannot be started; the message is for the FailureReason."""


def algorithm_error(
    end: Exit, text: str | None, tail: Sequence[str] = (), host: str | None = None
) -> str:
    """The FailureReason: the signal of a killed program, and its own text or its last output.

    ``host`` is given when a job has several hosts.
    """
    said = f"{host}: " if host else ""
    killed = _killed(end)
    said += f"{killed}. " if killed else ""
    said += text or log_tail(tail, TAIL_LIMIT - len(said))
    said = said.removesuffix(": ").removesuffix(". ") or "See job logs for more information"
    return failure_reason("AlgorithmError", said, end.code)


def _killed(end: Exit) -> str | None:
    if end.killed_for is not None:
        return f"{end.killed_for}; use an instance type with more memory"
    name = signal_in_words(end.code)
    return f"ended as if killed by {name}" if name else None


def limits_for(cloud: Cloud, instance_type: str, log: Callable[[str], None]) -> Limits:
    """The instance type's limits. For an unknown type: no limits, and a line in the log."""
    found = limits_of(instance_type)
    if found is None and "limits" not in cloud.engine.unsupported:
        log(f"[laptop] {instance_type} is not in modelwharf/laptop/instance_types.py: no limits")
    return found or Limits()


def variables_for(cloud: Cloud, role: str, session: str, *, isolated: bool) -> Mapping[str, str]:
    """The environment of a container. As in AWS, an isolated one gets no credentials."""
    if isolated:
        return {"AWS_REGION": cloud.region, "AWS_DEFAULT_REGION": cloud.region}
    return cloud.environment(role, session)


@dataclass
class Output:
    """Writes lines to CloudWatch Logs if the role may, and keeps the last ones for the job."""

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
class HostRun:
    """One host's part of a job: its ``/opt/ml`` and its log."""

    tree: JobTree
    output: Output


@dataclass(frozen=True)
class JobProgram:
    """The program that runs on every host, and the rules for its end."""

    cloud: Cloud
    name: str
    """The name, such as ``training-job/oil-price-r-1``."""
    image: str
    role: str
    environment: Mapping[str, str]
    arguments: tuple[str, ...]
    entrypoint: tuple[str, ...] | None
    instance_type: str
    isolated: bool
    max_runtime: float
    """The maximum run time in seconds."""
    stopping: Event

    def cluster(self, hosts: int) -> Cluster:
        """The hosts. Raises StartError for a fault of the request, else EngineLost or OSError."""
        try:
            return cluster_of(self.cloud.engine, self.name, hosts, isolated=self.isolated)
        except OSError as error:
            if disk.is_full(error):
                raise
            raise StartError(str(error)) from None

    def run(self, cluster: Cluster, hosts: Sequence[HostRun]) -> Together:
        """Run it. Raises StartError for a fault of the request, else EngineLost or OSError."""
        return run_together(
            [partial(self._start, cluster, number, host) for number, host in enumerate(hosts)],
            stopping=self.stopping,
            seconds=self.max_runtime,
            grace=STOP_GRACE,
        )

    def _start(self, cluster: Cluster, number: int, host: HostRun) -> Program:
        session = f"SageMaker-{self.name.rpartition('/')[2]}"
        suffix = f"/{host_label(number)}" if len(cluster.hosts) > 1 else ""
        try:
            launch = Launch(
                digest=registry.pull(self.cloud, self.image, self.role),
                arguments=self.arguments,
                environment={
                    **self.environment,
                    **variables_for(self.cloud, self.role, session, isolated=self.isolated),
                },
                tree=host.tree.folder,
                name=f"{self.name}{suffix}",
                entrypoint=self.entrypoint,
                isolated=self.isolated,
                limits=limits_for(self.cloud, self.instance_type, host.output),
            )
            return cluster.run(number, launch, host.output)
        except (registry.ImageRefused, ImageMissing) as error:
            raise StartError(str(error)) from None
        except OSError as error:
            if disk.is_full(error):
                raise
            raise StartError(str(error)) from None
