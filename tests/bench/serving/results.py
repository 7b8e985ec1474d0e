"""What one run of the bench found: flat records, kept as JSON."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sample(Record):
    """A stack under one load, once. Latencies in ms; ``cpu`` in µs a request."""

    stack: str
    model: str
    round: int
    workers: int = 1
    format: str
    rows: int
    connections: int
    rate: float
    p50: float
    p99: float
    worst: float
    cpu: float
    failed: int = 0
    broken: int = 0


class Start(Record):
    """A start of a stack on so many cores: seconds to the first good ping, MiB after load, what
    did not end.
    """

    stack: str
    model: str
    round: int
    workers: int = 1
    cores: int
    cold: float
    rss: float | None = None
    pss: float | None = None
    private: tuple[float, ...] = ()
    orphans: int = 0


class Pings(Record):
    """Pings beside a load, in ms."""

    stack: str
    model: str
    beside: str
    count: int
    p50: float
    p99: float
    worst: float
    failed: int


class InProcess(Record):
    """A model without any server, on one core: µs a call."""

    model: str
    rows: int
    library: float
    graph: float
    parse: float
    predict: float
    write: float


class Logged(Record):
    """What our access log says of one-row requests under load: medians, µs."""

    model: str
    lines: int
    parse: float
    predict: float
    write: float


class Check(Record):
    """Answers beside those of the trained model to the same rows, asked one row at a time."""

    stack: str
    model: str
    format: str
    asked: int
    equal: int
    worst: float


class Absent(Record):
    """What could not be measured, and why."""

    stack: str
    model: str
    reason: str


class Machine(Record):
    """Where and when."""

    processor: str
    cores: int
    python: str
    date: str
    commit: str
    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rounds: int
    seconds: int


class Results(Record):
    """A whole run."""

    machine: Machine
    samples: tuple[Sample, ...] = ()
    starts: tuple[Start, ...] = ()
    pings: tuple[Pings, ...] = ()
    in_process: tuple[InProcess, ...] = ()
    logged: tuple[Logged, ...] = ()
    checks: tuple[Check, ...] = ()
    absent: tuple[Absent, ...] = ()
