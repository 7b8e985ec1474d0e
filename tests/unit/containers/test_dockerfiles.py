"""The Dockerfiles, and whether what they copy is enough to run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from contracts.parameters import Source

ROOT = Path(__file__).parents[3]
IMAGES = ("training", "inference")
INPUTS = {
    "training": Source().training_image.inputs,
    "inference": Source().inference_image.inputs,
}


def instructions(image: str) -> list[tuple[str, str]]:
    text = (ROOT / "containers" / image / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(keyword, rest) for keyword, _, rest in (line.partition(" ") for line in lines)]


def values(image: str, keyword: str) -> list[str]:
    return [rest for name, rest in instructions(image) if name == keyword]


@pytest.mark.parametrize("image", IMAGES)
def test_the_base_image_is_the_releases_choice(image: str) -> None:
    assert instructions(image)[:2] == [("ARG", "BASE_IMAGE"), ("FROM", "${BASE_IMAGE}")]


@pytest.mark.parametrize("image", IMAGES)
def test_the_entry_point_gets_signals_itself(image: str) -> None:
    (entrypoint,) = values(image, "ENTRYPOINT")
    assert json.loads(entrypoint) == ["python", "-m", image]


@pytest.mark.parametrize("image", IMAGES)
def test_packages_are_installed_from_the_hashed_lock_before_the_code_is_copied(image: str) -> None:
    steps = [step for step in instructions(image) if step[0] in ("COPY", "RUN")]
    lock, install, *code = steps
    assert lock == ("COPY", f"containers/{image}/requirements.txt requirements.txt")
    assert "--require-hashes -r requirements.txt" in install[1]
    assert {step[0] for step in code} == {"COPY"}


@pytest.mark.parametrize("image", IMAGES)
def test_whatever_is_copied_is_an_input_that_the_tag_covers(image: str) -> None:
    inputs = [PurePosixPath(path) for path in INPUTS[image]]
    for copy in values(image, "COPY"):
        source, target = copy.split()
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
    for copy in values(image, "COPY"):
        source, target = copy.split()
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / target)
    modules = ", ".join(f"{image}.{path.stem}" for path in (tmp_path / image).glob("[a-z]*.py"))
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-c", f"import {modules}; print({image}.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(str(tmp_path))
