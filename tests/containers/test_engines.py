"""The tools of these tests, on the engine that they are run with."""

from pathlib import Path

from tests.containers.engines import (
    DEBIAN_BASE,
    PYTHON_BASE,
    ContainerEngine,
    status_of,
    training_tree,
)
from tests.waiting import until


def test_a_container_finds_its_tree_and_what_it_writes_comes_back(
    engine: ContainerEngine, tmp_path: Path
) -> None:
    tree = training_tree(tmp_path / "ml", {"train": {"numbers.csv": "1\n2\n"}}, {"depth": "3"})
    copies = "wc -l < input/data/train/numbers.csv > model/rows && cat input/config/hyper*.json"
    ended = engine.run(
        DEBIAN_BASE,
        *("bash", "-c", copies),
        tree=tree,
        working_dir="/opt/ml",
        read_only=True,
        user="1000",
    )
    assert (ended.exit_code, ended.log) == (0, '{"depth": "3"}')
    assert (tree / "model/rows").read_text() == "2\n"


def test_a_build_is_given_secrets_that_stay_out_of_the_image(
    engine: ContainerEngine, tmp_path: Path, tag: str, pip: dict[str, Path]
) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {PYTHON_BASE}\n"
        "RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf"
        " --mount=type=secret,id=ca,target=/run/secrets/ca"
        " pip install --no-compile --no-cache-dir --no-deps six==1.17.0\n"
    )
    image = engine.build(tmp_path, f"localhost/tools:{tag}", secrets=pip)
    check = "import os, six; print(os.path.exists('/etc/pip.conf') and os.stat('/etc/pip.conf'))"
    ended = engine.run(image, "python3", "-c", check)
    assert ended.exit_code == 0
    assert ended.log.strip() == "False" or "st_size=0" in ended.log


def test_a_server_is_reached_on_loopback(engine: ContainerEngine) -> None:
    serve = ("python3", "-m", "http.server", "8080")
    with engine.serving(PYTHON_BASE, *serve, working_dir="/opt/ml") as served:
        until(lambda: status_of(served.url) == 200, "an answer")
