"""The doctor finds each fault of images broken on purpose, and nothing wrong with good ones."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from modelwharf.cli.project_file import read_project_file, require_content
from modelwharf.cli.templates import templates
from modelwharf.contracts.examination import Examination, Finding, ImageRole, Verdict
from modelwharf.contracts.parameters import Hyperparameter, MetricDefinition
from modelwharf.doctor import Deadlines, DockerfileOf, NamedImage, Sample, Settings, Wanted, examine
from modelwharf.engines.container import (
    Connection,
    ContainerEngine,
    NoEngine,
    connect,
)
from modelwharf.engines.container.image_store import ImageStore
from modelwharf.engines.engine import Engine
from modelwharf.engines.processes import Processes
from tests.containers.broken.faults import FAULTS, GOOD, Fault
from tests.containers.engines import PYTHON_BASE
from tests.containers.engines import ContainerEngine as EngineUnderTest
from tests.waiting import until

MEAN_MODEL = Path(__file__).parents[1] / "release" / "mean_model"
BOTH = (ImageRole.TRAINING, ImageRole.INFERENCE)
ACCURACY = MetricDefinition(name="accuracy", regex=r"accuracy=([0-9.]+)")
QUESTION = Sample("application/json", b'{"add": 1}')
DEADLINES = Deadlines(
    training=60, startup=30, invocation=20, stop_training=20, stop_serving=8, busy=0.5
)


@pytest.fixture(scope="module")
def docker(engine: EngineUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("doctor")
    connection = until(connected, "an answer of the engine")
    processes = Processes()
    chosen = ContainerEngine(connection, ImageStore(folder), processes, str(folder))
    yield chosen
    chosen.sweep()
    processes.stop_all()
    connection.close()


def connected() -> Connection | None:
    """None for now, when the machine is too busy for an answer."""
    try:
        return connect(timeout=60)
    except NoEngine:
        return None


def image(context: Path, dockerfile: str = "Dockerfile") -> Wanted:
    return DockerfileOf(context / dockerfile, context, {"BASE_IMAGE": PYTHON_BASE})


def settings(folder: Path, numbers: str = "1\n2\n3\n", **changes: object) -> Settings:
    (folder / "channel").mkdir()
    (folder / "channel" / "numbers.csv").write_text(numbers)
    return Settings(
        channels={"training": folder / "channel"},
        metric_definitions=(ACCURACY,),
        deadlines=DEADLINES,
        **changes,  # type: ignore[arg-type]
    )


def complaints(found: Examination) -> list[Finding]:
    return [one for one in found.findings if one.verdict in (Verdict.FAIL, Verdict.WARN)]


def told(found: Examination) -> str:
    return "\n".join(f"{one.id}: {one.seen}\n  {one.log}" for one in complaints(found))


def diagnose(docker: Engine, engine: EngineUnderTest, fault: Fault, folder: Path) -> Examination:
    context = fault.write(folder / "context")
    model = folder / "model"
    model.mkdir()
    (model / "model.json").write_text(json.dumps({"mean": 2.0}))
    serves = fault.image is ImageRole.INFERENCE
    given = settings(
        folder,
        hyperparameters=fault.hyperparameters,
        checkpoints=fault.checkpoints,
        model=model if serves and not fault.pair else None,
        samples=(QUESTION,),
    )
    wanted = fault_image(engine, fault, context)
    roles = BOTH if fault.pair else (fault.image,)
    return examine(docker, dict.fromkeys(roles, wanted), given, folder / "doctor")


def fault_image(engine: EngineUnderTest, fault: Fault, context: Path) -> Wanted:
    """Its Dockerfile; an image when it is built for another platform, as elsewhere it was."""
    if fault.platform is None:
        return image(context)
    name = "localhost/modelwharf/tests:other-platform"
    engine.build(context, name, options=("--platform", fault.platform))
    return NamedImage(name)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: re.sub(r"\W+", "-", fault.name))
def test_each_fault_is_the_one_that_is_found(
    docker: Engine, engine: EngineUnderTest, fault: Fault, tmp_path: Path
) -> None:
    found = diagnose(docker, engine, fault, tmp_path)

    assert [(one.id, one.verdict) for one in complaints(found)] == [
        (fault.finding, fault.verdict)
    ], told(found)
    (complaint,) = complaints(found)
    assert fault.says in complaint.seen
    assert complaint.why and complaint.change


def test_nothing_is_wrong_with_the_program_that_the_faults_are_put_into(
    docker: Engine, tmp_path: Path
) -> None:
    given = settings(
        tmp_path,
        hyperparameters={"power": 2, "seconds": 6},
        checkpoints=True,
        samples=(QUESTION,),
    )
    context = image(GOOD.write(tmp_path / "context"))

    found = examine(docker, dict.fromkeys(BOTH, context), given, tmp_path / "doctor")

    assert complaints(found) == [], told(found)
    assert {one.verdict for one in found.findings} == {Verdict.PASS}, found.findings


def test_nothing_is_wrong_with_the_mean_model(docker: Engine, tmp_path: Path) -> None:
    hyperparameters: Mapping[str, Hyperparameter] = {"accuracy": 0.75}
    given = settings(tmp_path, "value\n1\n2\n3\n", hyperparameters=hyperparameters)
    wanted = {role: image(MEAN_MODEL, f"containers/{role.value}/Dockerfile") for role in BOTH}

    found = examine(docker, wanted, given, tmp_path / "doctor")

    assert complaints(found) == [], told(found)


def test_nothing_is_wrong_with_the_template_of_two_containers(
    docker: Engine, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    for name, content in templates()["container"].files("my-model").items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(content)
    said = require_content(read_project_file(project / "modelwharf.toml"))
    given = Settings(
        channels={"training": project / "data"},
        metric_definitions=said.training.metric_definitions,
        deadlines=DEADLINES,
    )
    wanted = {
        ImageRole.TRAINING: image(project, said.source.training_image.dockerfile),
        ImageRole.INFERENCE: image(project, said.source.inference_image.dockerfile),
    }

    found = examine(docker, wanted, given, tmp_path / "doctor")

    assert complaints(found) == [], told(found)
    passed = {one.id for one in found.findings if one.verdict is Verdict.PASS}
    assert {"train-succeeds", "train-metrics", "serve-loads-model", "serve-sigterm"} <= passed


def test_a_name_that_means_a_list_of_images_is_found(
    docker: Engine, engine: EngineUnderTest, tmp_path: Path
) -> None:
    if not engine.is_podman:
        pytest.skip("Docker makes a list only where its images are in containerd's store")
    api, name = engine.client.api, "localhost/modelwharf-tests-list:1"
    address = f"{api.base_url}/v4.0.0/libpod/manifests"
    made = api.post(f"{address}/{name}")
    assert made.ok, made.text
    try:
        assert docker.list_type(name).endswith("manifest.list.v2+json")
        assert docker.list_type(PYTHON_BASE) == ""
    finally:
        api.delete(f"{address}/{name}")
