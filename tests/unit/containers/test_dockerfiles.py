"""The Dockerfiles, and whether what they copy is enough to run."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from string import Template

import pytest

from modelwharf.contracts.parameters import Source
from modelwharf.engines.engine import BuildRequest
from modelwharf.engines.process.build_steps import CopyFiles, Step
from modelwharf.engines.process.image_environment import Environment
from modelwharf.engines.process.image_plan import plan_image
from tests.waiting import HUNG

ROOT = Path(__file__).parents[3]
IMAGES = ("training", "inference")
INPUTS = {
    "training": Source().training_image.inputs,
    "inference": Source().inference_image.inputs,
}


def dockerfile(image: str) -> Path:
    return ROOT / "containers" / image / "Dockerfile"


def instructions(image: str) -> list[tuple[str, str]]:
    """Keyword and the rest, a continued line as one."""
    text = dockerfile(image).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(keyword, rest) for keyword, _, rest in (line.partition(" ") for line in lines)]


def values(image: str, keyword: str) -> list[str]:
    return [rest for name, rest in instructions(image) if name == keyword]


def copies(image: str) -> list[tuple[str, str]]:
    """Source and target, every argument at its default."""
    defaults = dict(default.split("=", 1) for default in values(image, "ARG"))
    words = (Template(copy).substitute(defaults).split() for copy in values(image, "COPY"))
    return [(source, target) for source, target in words]


@pytest.mark.parametrize("image", IMAGES)
def test_the_base_image_is_the_releases_choice_and_by_hand_the_releases_default(
    image: str,
) -> None:
    base, start = instructions(image)[:2]
    assert base == ("ARG", f"BASE_IMAGE={Source().base_image}")
    assert start == ("FROM", f"--platform={Source().platform} ${{BASE_IMAGE}}")


def test_the_default_base_is_a_version_of_the_official_python_on_awss_public_mirror() -> None:
    mirror = r"public\.ecr\.aws/docker/library/python:3\.\d+(\.\d+)?-slim(-[a-z]+)?"
    assert re.fullmatch(mirror, Source().base_image or "")


@pytest.mark.parametrize("image", IMAGES)
def test_every_dockerfile_passes_the_linter(image: str) -> None:
    program = Path(sysconfig.get_path("scripts")) / "hadolint"
    result = subprocess.run(
        [program, dockerfile(image)], capture_output=True, text=True, timeout=HUNG, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("image", IMAGES)
def test_the_image_names_no_user_since_sagemaker_starts_it_as_root(image: str) -> None:
    assert values(image, "USER") == []


@pytest.mark.parametrize("image", IMAGES)
def test_the_entry_point_gets_signals_itself(image: str) -> None:
    (entrypoint,) = values(image, "ENTRYPOINT")
    assert json.loads(entrypoint) == ["python", "-m", image]


@pytest.mark.parametrize("image", IMAGES)
def test_packages_are_installed_from_the_hashed_lock_before_the_code_is_copied(image: str) -> None:
    steps = [step for step in instructions(image) if step[0] in ("COPY", "RUN")]
    _, install, *code, compiled = steps
    assert copies(image)[0] == (f"containers/{image}/requirements.txt", "requirements.txt")
    assert "--require-hashes -r requirements.txt" in install[1]
    assert {step[0] for step in code} == {"COPY"}
    assert compiled[0] == "RUN"


@pytest.mark.parametrize("image", IMAGES)
def test_pips_configuration_and_authorities_come_as_secrets(image: str) -> None:
    install, compiled = values(image, "RUN")
    assert "--mount" not in compiled
    mounts = re.findall(r"--mount=(\S+)", install)
    assert mounts == [
        "type=secret,id=pip_conf,target=/etc/pip.conf",
        "type=secret,id=ca,target=/run/secrets/ca",
    ]
    assert not [name for name in values(image, "ARG") if "pip" in name.lower()]


@pytest.mark.parametrize("image", IMAGES)
def test_bytecode_that_tells_the_hour_is_never_written_while_building(image: str) -> None:
    install, _ = values(image, "RUN")
    assert "export PYTHONDONTWRITEBYTECODE=1;" in install
    assert "--no-compile" in install
    assert not [value for value in values(image, "ENV") if "BYTECODE" in value]


@pytest.mark.parametrize("image", IMAGES)
def test_a_change_of_the_code_alone_installs_nothing_anew_without_containers_either(
    image: str,
) -> None:
    """The process engine keeps the environment that the packages are in."""
    steps = plan_image(BuildRequest(ROOT, dockerfile(image))).steps
    environment = Environment(Path(), steps, "base")
    assert f"/opt/program/{image}/__main__.py" not in targets(environment.steps)
    assert f"/opt/program/{image}/__main__.py" in targets(environment.later_steps)


def targets(steps: Sequence[Step]) -> set[str]:
    return {file.target for step in steps if isinstance(step, CopyFiles) for file in step.files}


@pytest.mark.parametrize("image", IMAGES)
def test_a_build_by_hand_sends_no_more_than_what_is_copied(image: str) -> None:
    lines = Path(f"{dockerfile(image)}.dockerignore").read_text().splitlines()
    ignore = [line for line in lines if not line.startswith("#")]
    sent = {line[1:] for line in ignore if line.startswith("!")}
    locks = {path.relative_to(ROOT).as_posix() for path in dockerfile(image).parent.glob("*.txt")}
    assert ignore[0] == "*"
    assert sent == {source for source, _ in copies(image)} | locks
    assert "**/__pycache__" in ignore


@pytest.mark.parametrize("image", IMAGES)
def test_whatever_is_copied_is_an_input_that_the_tag_covers(image: str) -> None:
    inputs = [PurePosixPath(path) for path in INPUTS[image]]
    for source, target in copies(image):
        assert any(PurePosixPath(source).is_relative_to(path) for path in inputs), source
        assert (ROOT / source).exists()
        assert not target.startswith("/")


def test_the_server_tells_that_it_heeds_its_port() -> None:
    assert "8080" in values("inference", "EXPOSE")
    label = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true"
    assert label in values("inference", "LABEL")


@pytest.mark.parametrize("image", IMAGES)
def test_the_copied_code_runs_without_the_rest_of_the_repository(
    image: str, tmp_path: Path
) -> None:
    for source, target in copies(image):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / target)
        elif source.endswith(".py"):
            (tmp_path / target).mkdir(parents=True)
            shutil.copy(ROOT / source, tmp_path / target)
    modules = ", ".join(f"{image}.{path.stem}" for path in (tmp_path / image).glob("[a-z]*.py"))
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-c", f"import {modules}; print({image}.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=HUNG,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(str(tmp_path))
