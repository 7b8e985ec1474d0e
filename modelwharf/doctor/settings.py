"""The inputs of the images, and the time limits."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modelwharf.contracts.parameters import Hyperparameter, MetricDefinition


@dataclass(frozen=True)
class Sample:
    """A request that a server must answer with 200."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Deadlines:
    """SageMaker's limits, and how long a person waits; all in seconds."""

    training: float = 600
    """A training run on the sample data."""
    startup: float = 480
    """Until the first healthy ping; the endpoint configuration may set another limit."""
    ping: float = 2
    """A health check ("Custom Inference Code with Hosting Services")."""
    invocation: float = 60
    """InvokeEndpoint."""
    stop_training: float = 120
    """StopTrainingJob: between SIGTERM and SIGKILL."""
    stop_serving: float = 30
    """For a serving container: between SIGTERM and SIGKILL."""
    bare: float = 2
    """How much longer than usual a server without a model is watched."""
    busy: float = 1.5
    """How long pings are timed while requests are answered."""
    least_left: float = 2
    """Least remaining time of a training run; with less, SIGTERM's effect cannot be told."""


@dataclass(frozen=True)
class Settings:
    """The configuration of a release, and the sample data for the images.

    ``channels``: channel name → folder; without any, training on good data is not tried.
    ``definitions_given`` is False while the metric definitions are only the defaults.
    """

    platform: str = "linux/amd64"
    channels: Mapping[str, Path] = field(default_factory=dict)
    hyperparameters: Mapping[str, Hyperparameter] = field(default_factory=dict)
    metric_definitions: tuple[MetricDefinition, ...] = ()
    definitions_given: bool = True
    checkpoints: bool = False
    instances: int = 1
    """As in ``training.instance_count``."""
    model: Path | None = None
    """A ``model.tar.gz``, or the folder that one would be made of."""
    samples: tuple[Sample, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """The server's environment, as in ``deployment.environment``."""
    deadlines: Deadlines = Deadlines()
    now: Callable[[], float] = time.monotonic
    """The clock of training runs, in seconds."""
