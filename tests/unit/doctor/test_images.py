"""From a name or a Dockerfile to an image."""

from pathlib import Path

import pytest

from modelwharf.contracts.examination import ImageRole
from modelwharf.doctor import CannotExamine, DockerfileOf, NamedImage, Settings, examine
from modelwharf.engines.engine import BuildError, BuildRequest, Image, LogSink
from tests.unit.doctor.fakes import FakeEngine


def test_a_name_that_the_engine_does_not_know_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CannotExamine, match=r"no image 'other:1' on this machine: build or pull"):
        examine(FakeEngine(), {ImageRole.TRAINING: NamedImage("other:1")}, Settings(), tmp_path)


def test_a_name_that_the_engine_refuses_is_reported_in_its_words(tmp_path: Path) -> None:
    class Strict(FakeEngine):
        def find(self, reference: str) -> Image:
            raise OSError("invalid reference format")

    with pytest.raises(
        CannotExamine, match=r"'My Model' \(invalid reference format\): give a name"
    ):
        examine(Strict(), {ImageRole.TRAINING: NamedImage("My Model")}, Settings(), tmp_path)


def test_a_name_means_nothing_to_an_engine_without_containers(tmp_path: Path) -> None:
    engine = FakeEngine(name="process", description="process (nothing answers)")

    with pytest.raises(
        CannotExamine, match=r"'mean:1' is not a Dockerfile.* need Docker or podman"
    ):
        examine(engine, {ImageRole.TRAINING: NamedImage("mean:1")}, Settings(), tmp_path)


def test_a_dockerfile_is_built_from_its_inputs_alone(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    for name in ("training/program.py", "containers/training/Dockerfile", "secret.txt"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(name)
    engine = FakeEngine()
    wanted = DockerfileOf(
        repository / "containers/training/Dockerfile",
        repository,
        {"BASE_IMAGE": "python"},
        inputs=("training",),
    )

    examine(engine, {ImageRole.TRAINING: wanted}, Settings(), tmp_path / "doctor")

    (request,) = engine.builds
    assert request.platform == "linux/amd64"
    assert request.arguments == {"BASE_IMAGE": "python"}
    inside = {
        str(p.relative_to(request.context)) for p in request.context.rglob("*") if p.is_file()
    }
    assert inside == {"training/program.py", "containers/training/Dockerfile"}
    assert request.dockerfile == request.context / "containers/training/Dockerfile"


def test_a_build_that_fails_ends_with_its_own_last_lines(tmp_path: Path) -> None:
    class Failing(FakeEngine):
        def build(self, request: BuildRequest, log: LogSink) -> Image:
            log("ERROR: no matching distribution found for numpy==99")
            raise BuildError("line 3: RUN exited with status 1")

    wanted = DockerfileOf(tmp_path / "Dockerfile", tmp_path)

    with pytest.raises(CannotExamine) as raised:
        examine(Failing(), {ImageRole.TRAINING: wanted}, Settings(), tmp_path / "doctor")

    assert str(raised.value) == (
        f"{tmp_path / 'Dockerfile'} does not build: line 3: RUN exited with status 1\n"
        "  ERROR: no matching distribution found for numpy==99"
    )


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d' * 32}\nsize 5242880\n"


def tree(folder: Path) -> Path:
    """A repository whose training folder has what git only points to."""
    training = folder / "training"
    training.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM python\nCOPY training /opt/training\n")
    (folder / "README.md").write_text("beside the inputs")
    (training / "weights.bin").write_text(POINTER)
    (training / "annexed").write_text("/annex/objects/SHA256E-s1--abc.bin\n")
    (training / "readme").symlink_to("../README.md")
    (training / "itself").symlink_to("weights.bin")
    (training / "round").symlink_to("round")
    (training / "vendor").mkdir()
    (training / "vendor" / ".git").write_text("gitdir: ../../.git/modules/vendor\n")
    return folder


@pytest.mark.parametrize("inputs", [("training",), ()])
def test_what_a_release_would_refuse_to_build_is_reported_before_the_build(
    tmp_path: Path, inputs: tuple[str, ...]
) -> None:
    engine, repository = FakeEngine(), tree(tmp_path / "repository")
    wanted = DockerfileOf(repository / "Dockerfile", repository, inputs=inputs)

    with pytest.raises(CannotExamine) as raised:
        examine(engine, {ImageRole.TRAINING: wanted}, Settings(), tmp_path / "doctor")

    told = str(raised.value)
    assert "a release would refuse what goes into the image" in told
    assert f"training/weights.bin is a Git LFS pointer: {len(POINTER)} bytes" in told
    assert "training/annexed is a git-annex pointer" in told
    assert "training/vendor is a submodule" in told
    assert "training/round links to 'round', which is not" in told
    assert ("training/readme links to '../README.md'" in told) == bool(inputs)
    assert "training/itself" not in told
    assert "git lfs untrack FILE" in told and "git rm --cached FOLDER" in told
    assert engine.builds == []


def test_what_dockerignore_leaves_out_is_ignored(tmp_path: Path) -> None:
    engine, repository = FakeEngine(), tree(tmp_path / "repository")
    (repository / ".dockerignore").write_text("training\n")
    (repository / "Dockerfile").write_text("FROM python\nCOPY README.md /\n")
    wanted = DockerfileOf(repository / "Dockerfile", repository)

    examine(engine, {ImageRole.TRAINING: wanted}, Settings(), tmp_path / "doctor")

    assert len(engine.builds) == 1
