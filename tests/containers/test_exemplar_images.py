"""The exemplar's two images by hand, as SageMaker's documentation starts them, and what is in them.

Nothing of Modelwharf runs here: an engine, two Dockerfiles, and folders that a person mounts.
"""

import http.client
import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from modelwharf.artifact.privileges import MODEL_USER
from modelwharf.contracts.parameters import Source
from tests.containers.engines import ML, ContainerEngine, Ended, Served, status_of
from tests.unit.training.walks import prepared, walk, write_hyperparameters, write_raw
from tests.waiting import HUNG, patience, until

ROOT = Path(__file__).parents[2]
IMAGES = ("training", "inference")
INPUTS = {
    "training": Source().training_image.inputs,
    "inference": Source().inference_image.inputs,
}
PROGRAM = "/opt/program"
TMP = "/tmp"  # noqa: S108 - the container's own
MARK = b"a secret that no layer keeps"
STRICT: dict[str, Any] = {
    "read_only": True,
    "tmpfs": {TMP: ""},
    "user": "1000:1000",
    "cap_drop": ["ALL"],
    "mem_limit": "2g",
}
AS_SAGEMAKER: dict[str, Any] = {"read_only": True, "tmpfs": {TMP: ""}}
"""Root, with an /opt/ml of root's."""
COMPILERS = ("cc", "gcc", "g++", "c++", "clang", "ld", "as", "make", "cmake", "rustc", "go")


class Pair:
    """Both images, built once from the repository as it is."""

    def __init__(self, engine: ContainerEngine, pip: dict[str, Path], tag: str) -> None:
        self.engine = engine
        self.secrets = pip
        for secret in pip.values():
            if MARK not in secret.read_bytes():
                secret.write_bytes(secret.read_bytes() + b"\n# " + MARK + b"\n")
        self.names = {image: f"modelwharf-tests/{image}:{tag}" for image in IMAGES}
        for image in IMAGES:
            self.build(ROOT, image, self.names[image])

    def build(self, context: Path, image: str, name: str) -> str:
        dockerfile = f"containers/{image}/Dockerfile"
        return self.engine.build(context, name, dockerfile=dockerfile, secrets=self.secrets)

    def train(self, tree: Path, **options: Any) -> Ended:
        return self.engine.run(self.names["training"], "train", tree=tree, **options)

    def shell(self, image: str, script: str) -> str:
        """What a script says that runs in the image as root."""
        ended = self.engine.run(self.names[image], script, entrypoint=["sh", "-c"])
        return ended.log.strip()


@pytest.fixture(scope="module")
def pair(engine: ContainerEngine, pip: dict[str, Path], tag: str) -> Pair:
    return Pair(engine, pip, tag)


def job_tree(folder: Path) -> Path:
    write_hyperparameters(prepared(folder / "prepared", {"wti": walk()}))
    tree = folder / "ml"
    shutil.copytree(folder / "prepared" / "input", tree / "input")
    for name in ("model", "output/data"):  # SageMaker makes them, too
        (tree / name).mkdir(parents=True)
    return tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The /opt/ml of a training job, on prices that a prepare job has passed."""
    return job_tree(tmp_path)


@pytest.fixture(scope="module")
def trained(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The /opt/ml of a server, with a model that the training image made under the strict rules."""
    tree = job_tree(tmp_path_factory.mktemp("trained"))
    ended = pair.train(tree, **STRICT)
    assert ended.exit_code == 0, ended.log
    shutil.rmtree(tree / "input")
    return tree


def ping(served: Served) -> int | None:
    return status_of(f"{served.url}/ping")


def ask(served: Served, body: dict[str, str]) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=HUNG)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/invocations", json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def user_of(served: Served) -> int:
    """The uid of the container's first process, as it is now."""
    code, told = served.container.exec_run(["sh", "-c", "grep ^Uid: /proc/1/status"])
    assert code == 0
    assert isinstance(told, bytes)
    return int(told.split()[2])


def test_train_works_read_only_without_rights_and_without_network(
    pair: Pair, trained: Path
) -> None:
    assert {path.name for path in (trained / "model").iterdir()} >= {"model.onnx", "contract.json"}
    assert json.loads((trained / "output" / "data" / "evaluation.json").read_text())


@pytest.mark.parametrize("options", [STRICT, AS_SAGEMAKER], ids=["strict", "as SageMaker"])
def test_the_trained_model_serves_as_a_user_without_rights_and_ends_within_seconds(
    pair: Pair, trained: Path, options: dict[str, Any]
) -> None:
    name = pair.names["inference"]
    with pair.engine.serving(name, tree=trained, **options) as served:
        until(lambda: ping(served) == 200, f"a ready server: {served.log()}", seconds=60)
        status, answer = ask(served, {"product": "wti", "date": "2018-01-29"})
        assert (status, answer.get("product")) == (200, "wti"), answer
        assert user_of(served) == MODEL_USER
        before = time.monotonic()
        served.container.stop(timeout=int(HUNG))
        took = time.monotonic() - before
        served.container.reload()
        assert served.container.attrs["State"]["ExitCode"] == 0
        assert took < patience(10)  # a second on a machine that does nothing else


def test_prepare_leaves_root_behind_and_owns_what_it_writes(pair: Pair, tmp_path: Path) -> None:
    write_raw(tmp_path / "ml", {"wti": walk()})
    script = f"python -m training prepare && stat -c %u:%g {ML}/processing/output/*.csv"
    ended = pair.engine.run(
        pair.names["training"],
        script,
        tree=tmp_path / "ml",
        entrypoint=["sh", "-c"],
        **AS_SAGEMAKER,
    )
    assert ended.exit_code == 0, ended.log
    assert ended.log.splitlines()[-1] == f"{MODEL_USER}:{MODEL_USER}"


def test_bad_data_ends_train_with_its_reason_in_the_failure_file(pair: Pair, tree: Path) -> None:
    (tree / "input" / "data" / "training" / "wti.csv").write_text("date,price\nsoon,1\n")
    ended = pair.train(tree, **STRICT)
    reason = (tree / "output" / "failure").read_text()
    assert ended.exit_code == 1
    assert "wti" in reason
    assert "Traceback" not in ended.log


def test_a_stopped_training_ends_at_once(pair: Pair, tree: Path) -> None:
    container = pair.engine.create(pair.names["training"], "train", tree=tree, **AS_SAGEMAKER)
    try:
        container.start()
        until(lambda: b"trust" in container.logs() or b"fold" in container.logs(), "a line")
        container.stop(timeout=int(HUNG))
        assert pair.engine.wait(container).exit_code in (0, 143)  # 137 would be SIGKILL
    finally:
        container.remove(v=True, force=True)


@pytest.mark.parametrize("owner", [0, 1234])
def test_a_folder_mounted_by_hand_is_written_to_with_any_owner(
    pair: Pair, tree: Path, owner: int
) -> None:
    """What SageMaker's documentation shows: ``docker run -v folder:/opt/ml IMAGE train``."""
    if pair.engine.command(
        "run", "--rm", "--entrypoint", "true", pair.names["training"]
    ).returncode:
        pytest.skip("the engine's own program cannot run containers here")
    give(tree, owner)
    done = pair.engine.command(
        "run", "--rm", "--network", "none", "-v", f"{tree}:{ML}", pair.names["training"], "train"
    )
    assert done.returncode == 0, done.stderr
    assert "stays root" not in done.stdout + done.stderr
    assert (tree / "model" / "model.onnx").stat().st_uid == (owner or MODEL_USER)


def give(tree: Path, owner: int) -> None:
    try:
        for path in (tree, *tree.rglob("*")):
            shutil.chown(path, owner, owner)
    except PermissionError:
        pytest.skip("only root can give a folder away")


@pytest.mark.parametrize("image", IMAGES)
def test_the_image_is_what_its_dockerfile_promises(pair: Pair, image: str) -> None:
    attributes = pair.engine.client.images.get(pair.names[image]).attrs
    assert (attributes["Os"], attributes["Architecture"]) == ("linux", "amd64")
    assert attributes["Config"]["Entrypoint"] == ["python", "-m", image]


@pytest.mark.parametrize("image", IMAGES)
def test_nothing_is_in_the_image_that_serves_no_program(pair: Pair, image: str) -> None:
    compilers = "; ".join(f"command -v {name}" for name in COMPILERS)
    assert pair.shell(image, f"{compilers}; true") == ""
    # Without the packages' own tests; a compiled package may look for its own folder by name.
    assert pair.shell(image, "find /usr/local/lib/python3*/site-packages -name tests") == ""


LISTS_UNCOMPILED = f"""
import importlib.util, pathlib, sysconfig
library = pathlib.Path(sysconfig.get_path("stdlib"))
for path in (*library.rglob("*.py"), *pathlib.Path("{PROGRAM}").rglob("*.py")):
    bytecode = pathlib.Path(importlib.util.cache_from_source(str(path)))
    # The second word of the head: 1 for bytecode made of a source's content, 3 for such that is
    # compared with its source at each start.
    wanted = 3 if path.is_relative_to("{PROGRAM}") else 1
    if not bytecode.exists() or bytecode.read_bytes()[4] != wanted:
        print(path)
"""


@pytest.mark.parametrize("image", IMAGES)
def test_everything_is_compiled_and_the_bytecode_tells_no_hour(pair: Pair, image: str) -> None:
    ended = pair.engine.run(pair.names[image], "-c", LISTS_UNCOMPILED, entrypoint=["python"])
    assert (ended.exit_code, ended.log) == (0, "")


def test_the_server_reads_and_writes_parquet_with_what_is_left_of_pyarrow(pair: Pair) -> None:
    script = """
import io, pyarrow, pyarrow.parquet
for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
    body = io.BytesIO()
    table = pyarrow.table({"a": [1.5, None], "b": [1, 2], "c": ["x", "y"]})
    pyarrow.parquet.write_table(table, body, compression=codec)
    assert pyarrow.parquet.read_table(pyarrow.BufferReader(body.getvalue())).equals(table), codec
"""
    ended = pair.engine.run(pair.names["inference"], "-c", script, entrypoint=["python"], **STRICT)
    assert (ended.exit_code, ended.log) == (0, "")


@pytest.mark.parametrize("image", IMAGES)
def test_no_secret_of_the_build_is_in_the_image(pair: Pair, image: str) -> None:
    end = b""
    for chunk in pair.engine.client.images.get(pair.names[image]).save():
        assert MARK not in end + chunk
        end = chunk[-len(MARK) :]


@pytest.mark.parametrize("image", IMAGES)
def test_a_changed_file_changes_its_own_layer_and_its_bytecode_alone(
    pair: Pair, image: str, tmp_path: Path, tag: str
) -> None:
    for path in INPUTS[image]:
        bring(path, tmp_path)
    program = tmp_path / image / "__init__.py"
    program.write_text(f"{program.read_text()}CHANGED = {time.time()}\n")
    name = f"modelwharf-tests/{image}-changed:{tag}"
    pair.build(tmp_path, image, name)
    old, new = layers(pair, pair.names[image]), layers(pair, name)
    assert old[:-2] == new[:-2]
    assert old[-2] != new[-2]
    script = f"import {image}; print({image}.CHANGED)"
    ended = pair.engine.run(name, "-c", script, entrypoint=["python"])
    assert program.read_text().endswith(f"CHANGED = {ended.log}")


def bring(path: str, folder: Path) -> None:
    """Copy one of an image's inputs; a file gets the hour of the copying."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if (ROOT / path).is_file():
        shutil.copyfile(ROOT / path, target)
    else:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / path, target, ignore=ignore, copy_function=shutil.copyfile)


def layers(pair: Pair, name: str) -> list[str]:
    found: list[str] = pair.engine.client.images.get(name).attrs["RootFS"]["Layers"]
    return found


def test_two_clones_give_the_same_image(pair: Pair, tmp_path: Path, tag: str) -> None:
    """On podman one takes no layer over: the hour of a build is nowhere in its image."""
    anew = ("--no-cache",) if pair.engine.is_podman else ()
    ids = set()
    for clone, options in (("one", ()), ("two", anew)):
        for path in INPUTS["inference"]:
            bring(path, tmp_path / clone)
        ids.add(
            pair.engine.build(
                tmp_path / clone,
                f"modelwharf-tests/inference-{clone}:{tag}",
                dockerfile="containers/inference/Dockerfile",
                secrets=pair.secrets,
                options=options,
            )
        )
    assert len(ids) == 1
