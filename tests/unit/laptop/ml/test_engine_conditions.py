"""What jobs and servers ask of an engine, and what they tell when it is the engine that fails."""

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.engines.engine import EngineLost, Host, Launch, Limits, LogSink, Program
from tests.unit.laptop.ml.laptops import Laptop
from tests.unit.laptop.ml.test_endpoints import PROGRAM, ask, settled
from tests.unit.laptop.ml.test_endpoints import _archive as archive
from tests.unit.laptop.ml.test_training import finished, request
from tests.waiting import until

LOST = EngineLost("the container engine (Docker 1 at unix:///x) stopped answering at 12:00:00")


@dataclass
class Played:
    """A program that ends as the test says, at once."""

    code: int = 0
    killed_for: str | None = None
    left_out: tuple[str, ...] = ()
    unreachable: str = ""
    error: Exception | None = None
    address: tuple[str, int] | None = ("127.0.0.1", 9)  # discard: nobody answers
    ran: float | None = None

    def poll(self) -> int | None:
        if self.error is not None:
            raise self.error
        return self.code

    def wait(self, timeout: float | None = None) -> int | None:
        return self.poll()

    def stop(self, grace: float) -> int:
        return self.code


class Losable:
    """A real program whose engine can be lost under it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._lost = False
        self.address = program.address
        self.killed_for: str | None = None
        self.ran: float | None = None
        self.left_out: tuple[str, ...] = ()
        self.unreachable = ""

    def lose(self) -> None:
        self._lost = True
        self._program.stop(0)

    def poll(self) -> int | None:
        code = self._program.poll()
        if self._lost:
            raise LOST
        return code

    def wait(self, timeout: float | None = None) -> int | None:
        self._program.wait(timeout)
        return self.poll()

    def stop(self, grace: float) -> int:
        return self._program.stop(grace)


@dataclass
class PlayedEngine:
    """The real engine, but for what ``play`` makes of a launch."""

    real: Any
    play: Callable[[Launch, LogSink], Program]
    name: str = "played"
    unsupported: tuple[str, ...] = ()
    host = Host()
    launches: list[Launch] = field(default_factory=list)

    def run(self, launch: Launch, log: LogSink) -> Program:
        self.launches.append(launch)
        return self.play(launch, log)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@pytest.fixture
def play(laptop: Laptop) -> Iterator[Callable[..., PlayedEngine]]:
    real = laptop.cloud.engine

    def start(play: Callable[[Launch, LogSink], Program]) -> PlayedEngine:
        played = PlayedEngine(real, play)
        laptop.cloud.engine = played
        return played

    yield start
    laptop.cloud.engine = real


@pytest.fixture(scope="module")
def image(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> str:
    laptop.put("bucket", {"data/a.csv": "1\n"})
    laptop.put("models", {"one.tar.gz": archive({"model.txt": "one"})})
    return laptop.image(tmp_path_factory.mktemp("image"), PROGRAM, "conditions")


Play = Callable[[Callable[[Launch, LogSink], Program]], PlayedEngine]


def train(laptop: Laptop, image: str, name: str, **changes: Any) -> dict[str, Any]:
    laptop.client("sagemaker").create_training_job(**request(laptop, image, name, **changes))
    return finished(laptop, name)


def test_a_training_job_has_its_instance_types_memory_and_cpus(
    laptop: Laptop, image: str, play: Play
) -> None:
    engine = play(lambda launch, log: Played())
    assert train(laptop, image, "limited")["TrainingJobStatus"] == "Completed"
    (launch,) = engine.launches
    assert launch.name == "training-job/limited"
    assert launch.limits == Limits(8 * 1024, 2.0)
    assert not launch.isolated
    assert launch.environment["AWS_ENDPOINT_URL"] == laptop.cloud.url


def test_an_instance_type_that_is_not_known_is_named_in_the_log(
    laptop: Laptop, image: str, play: Play
) -> None:
    engine = play(lambda launch, log: Played())
    strange = {"InstanceType": "ml.x9.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
    train(laptop, image, "strange", ResourceConfig=strange)
    assert engine.launches[0].limits == Limits()
    (line,) = laptop.log("/aws/sagemaker/TrainingJobs", "strange/")
    assert "ml.x9.large is not in modelwharf/laptop/instance_types.py: no limits" in line


def test_an_isolated_training_job_gets_no_credentials(
    laptop: Laptop, image: str, play: Play
) -> None:
    engine = play(lambda launch, log: Played())
    job = train(laptop, image, "alone", EnableNetworkIsolation=True)
    assert job["EnableNetworkIsolation"] is True
    (launch,) = engine.launches
    assert launch.isolated
    assert {name for name in launch.environment if name.startswith("AWS")} == {
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    }


def test_an_isolated_processing_job_is_one(laptop: Laptop, image: str, play: Play) -> None:
    engine = play(lambda launch, log: Played())
    client = laptop.client("sagemaker")
    client.create_processing_job(
        ProcessingJobName="alone",
        RoleArn=laptop.role,
        AppSpecification={"ImageUri": image, "ContainerEntrypoint": ["python"]},
        ProcessingResources={
            "ClusterConfig": {
                "InstanceType": "ml.t3.medium",
                "InstanceCount": 1,
                "VolumeSizeInGB": 5,
            }
        },
        NetworkConfig={"EnableNetworkIsolation": True},
    )
    until(lambda: engine.launches, "the launch")
    assert engine.launches[0].isolated
    assert engine.launches[0].limits == Limits(4 * 1024, 2.0)
    until(
        lambda: (
            client.describe_processing_job(ProcessingJobName="alone")["ProcessingJobStatus"]
            == "Completed"
        )
    )


def test_a_lack_of_memory_is_the_reason_with_its_limit(
    laptop: Laptop, image: str, play: Play
) -> None:
    play(lambda launch, log: Played(137, "out of memory (limit 8192 MiB)"))
    job = train(laptop, image, "large")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "AlgorithmError: out of memory (limit 8192 MiB); use an instance type with more memory, "
        "exit code: 137"
    )


def test_a_lost_engine_fails_the_job_with_that_reason(
    laptop: Laptop, image: str, play: Play
) -> None:
    play(lambda launch, log: Played(error=LOST))
    job = train(laptop, image, "orphaned")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == f"InternalServerError: {LOST}"


def test_a_full_disk_is_named_and_the_jobs_files_go(laptop: Laptop, image: str, play: Play) -> None:
    def full(launch: Launch, log: LogSink) -> Program:
        raise OSError(errno.ENOSPC, "400 MB do not fit on the disk of /var/lib/docker")

    play(full)
    job = train(laptop, image, "heavy")
    assert job["FailureReason"].startswith("InternalServerError: no space left on the disk of")
    assert "400 MB do not fit on the disk of /var/lib/docker" in job["FailureReason"]
    assert "docker system prune" in job["FailureReason"]
    assert not (laptop.cloud.directory / "training/heavy").exists()


def serve(
    laptop: Laptop, image: str, name: str, *, isolated: bool = False, **environment: str
) -> dict[str, Any]:
    client = laptop.client("sagemaker")
    client.create_model(
        ModelName=name,
        ExecutionRoleArn=laptop.role,
        PrimaryContainer={
            "Image": image,
            "ModelDataUrl": "s3://models/one.tar.gz",
            "Environment": environment,
        },
        EnableNetworkIsolation=isolated,
    )
    variant = {
        "VariantName": "champion",
        "ModelName": name,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.c5.xlarge",
        "ContainerStartupHealthCheckTimeoutInSeconds": 60,
    }
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return settled(laptop, name)


@pytest.mark.parametrize(
    ("environment", "read_only"), [({}, True), ({"MODELWHARF_WRITABLE_ROOT": "1"}, False)]
)
def test_a_server_has_a_read_only_root_unless_its_settings_say_otherwise(
    laptop: Laptop, image: str, play: Play, environment: dict[str, str], read_only: bool
) -> None:
    engine = play(lambda launch, log: Played(1))
    name = f"root-{read_only}"
    assert serve(laptop, image, name, isolated=read_only, **environment)["EndpointStatus"] == (
        "Failed"
    )
    (launch,) = engine.launches
    assert launch.serves
    assert (launch.read_only, launch.isolated) == (read_only, read_only)
    assert launch.limits == Limits(8 * 1024, 4.0)
    assert launch.name == f"endpoint/{name}/champion"
    assert laptop.client("sagemaker").describe_model(ModelName=name)["EnableNetworkIsolation"] is (
        read_only
    )


def test_a_server_that_needs_a_writable_root_is_told_how_to_get_it(
    laptop: Laptop, image: str, play: Play
) -> None:
    def nginx(launch: Launch, log: LogSink) -> Program:
        log('mkdir() "/var/lib/nginx/body" failed (30: Read-only file system)')
        return Played(1)

    play(nginx)
    reason = serve(laptop, image, "nginx")["FailureReason"]
    assert "did not pass the ping health check" in reason
    assert "its root file system, which is read-only" in reason
    assert "set MODELWHARF_WRITABLE_ROOT to 1 in deployment.environment" in reason


def test_a_server_is_started_again_once_a_lost_engine_is_back(
    laptop: Laptop, image: str, play: Play
) -> None:
    programs: list[Losable] = []
    away = [LOST, LOST]

    def sometimes(launch: Launch, log: LogSink) -> Program:
        if programs and away:
            raise away.pop()
        programs.append(Losable(laptop_engine.run(launch, log)))
        return programs[-1]

    laptop_engine = laptop.cloud.engine
    play(sometimes)
    assert serve(laptop, image, "lasting")["EndpointStatus"] == "InService"
    before = ask(laptop, "lasting").split()[1]
    programs[0].lose()

    def again() -> bool:
        try:
            return ask(laptop, "lasting").split()[1] != before
        except ClientError:
            return False

    until(again, "the new server's answer")
    lines = laptop.log("/aws/sagemaker/Endpoints/lasting")
    assert f"[laptop] the server is gone: {LOST}; starting it again" in lines
    assert lines.count(f"[laptop] the server cannot be started: {LOST}") == 1
