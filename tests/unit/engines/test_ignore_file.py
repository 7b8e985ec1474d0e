"""A .dockerignore leaves out of an image what Docker leaves out."""

from pathlib import Path, PurePosixPath

import pytest

from modelwharf.engines.engine import BuildError, BuildRequest
from modelwharf.engines.process.build_steps import CopyFiles
from modelwharf.engines.process.ignore_file import IgnoreFile
from modelwharf.engines.process.image_plan import plan_image

FILES = ("a.py", "a.pyc", "docs/b.md", "docs/deep/c.md", "src/x.py", "src/__pycache__/x.pyc")


def left_in(text: str) -> set[str]:
    ignore = IgnoreFile.parse(text)
    return {name for name in FILES if not ignore.leaves_out(PurePosixPath(name))}


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("", set()),
        ("# a note\n\n", set()),
        ("*.pyc", {"a.pyc"}),
        ("**/*.pyc\n", {"a.pyc", "src/__pycache__/x.pyc"}),
        ("**/__pycache__", {"src/__pycache__/x.pyc"}),
        ("docs", {"docs/b.md", "docs/deep/c.md"}),
        ("/docs/", {"docs/b.md", "docs/deep/c.md"}),
        ("./docs/../docs", {"docs/b.md", "docs/deep/c.md"}),
        ("*/deep", {"docs/deep/c.md"}),
        ("docs/**", {"docs/b.md", "docs/deep/c.md"}),
        ("docs\n!docs/b.md", {"docs/deep/c.md"}),
        ("docs\n ! docs/deep \r\n", {"docs/b.md"}),
        ("!docs\ndocs", {"docs/b.md", "docs/deep/c.md"}),
        ("*\n!src\n**/__pycache__", set(FILES) - {"src/x.py"}),
        ("\ufeffdocs", {"docs/b.md", "docs/deep/c.md"}),
        ("a.p?", {"a.py"}),
        ("a.py[a-d]", {"a.pyc"}),
        ("a\\.py", {"a.py"}),
        ("b.md", set()),
        (".", set()),
        ("..", set()),
    ],
)
def test_the_last_pattern_that_matches_a_path_or_a_folder_above_it_decides(
    text: str, left_out: set[str]
) -> None:
    assert left_in(text) == set(FILES) - left_out


def copied(folder: Path, dockerfile: str) -> set[str]:
    path = folder / "Dockerfile"
    path.write_text(dockerfile)
    (step,) = plan_image(BuildRequest(folder, path, {})).steps
    assert isinstance(step, CopyFiles)
    return {file.target for file in step.files}


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_what_is_left_out_is_not_copied(context: Path) -> None:
    (context / ".dockerignore").write_text("**/*.pyc\ndocs\nDockerfile\n.dockerignore\n")
    assert copied(context, "FROM x\nCOPY . /app/\n") == {"/app/a.py", "/app/src/x.py"}


def test_a_pattern_of_copy_passes_over_what_is_left_out(context: Path) -> None:
    (context / ".dockerignore").write_text("*.pyc\n")
    assert copied(context, "FROM x\nCOPY a.* /app/\n") == {"/app/a.py"}


def test_the_file_named_after_the_dockerfile_stands_in_for_the_contexts_own(context: Path) -> None:
    (context / ".dockerignore").write_text("*.py\n")
    (context / "Dockerfile.dockerignore").write_text("*.pyc\n")
    assert copied(context, "FROM x\nCOPY a.* /app/\n") == {"/app/a.py"}


@pytest.mark.parametrize("source", ["a.pyc", "docs", "docs/*"])
def test_a_source_that_is_left_out_is_refused_with_the_reason(context: Path, source: str) -> None:
    (context / ".dockerignore").write_text("*.pyc\ndocs\n")
    with pytest.raises(BuildError, match="dockerignore leaves it out"):
        copied(context, f"FROM x\nCOPY {source} /app/\n")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("docs\n".encode("utf-16"), r"\.dockerignore is not UTF-8: byte 1 is 0xff; save it as"),
        (b"docs\n*.[z-a]\n", r"\.dockerignore has the pattern '\*\.\[z-a\]', which is none"),
    ],
)
def test_what_docker_cannot_read_is_reported(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / ".dockerignore").write_bytes(content)
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    with pytest.raises(BuildError, match=told):
        plan_image(BuildRequest(tmp_path, tmp_path / "Dockerfile"))
