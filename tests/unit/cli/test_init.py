"""``wharf init``: a project that is ready to push; existing files are never overwritten."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from modelwharf.app import app_folder
from modelwharf.cli.project_file import read_project_file
from modelwharf.cli.templates import FOLDER, templates
from tests.unit.cli.conftest import Terminal

TEMPLATES = sorted(templates())


def made(terminal: Terminal, folder: Path, template: str = "scikit-learn") -> Path:
    result = terminal.wharf("init", str(folder), "--template", template)
    assert result.exit_code == 0, result.output
    return folder


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_project_is_a_repository_with_everything_committed(
    terminal: Terminal, tmp_path: Path, template: str
) -> None:
    project = made(terminal, tmp_path / "my-model", template)

    assert git(project, "status", "--porcelain", "--ignored") == ""
    assert git(project, "branch", "--show-current") == "main\n"
    assert {"cdk.json", "modelwharf.toml", ".gitignore", ".gitattributes", "README.md"} <= {
        path.name for path in project.iterdir()
    }


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_project_s_settings_are_right_and_name_files_that_are_there(
    terminal: Terminal, tmp_path: Path, template: str
) -> None:
    project = made(terminal, tmp_path / "my-model", template)

    reading = read_project_file(project / "modelwharf.toml")

    assert reading.text.startswith("#:schema .wharf/modelwharf.schema.json\n")
    assert reading.faults == ()
    assert reading.content is not None
    assert reading.content.project == "my-model"
    images = (reading.content.source.training_image, reading.content.source.inference_image)
    paths = [path for image in images for path in (image.dockerfile, *image.inputs)]
    assert [path for path in paths if not (project / path).exists()] == []
    # Data that no project brings, its README tells how to get.
    keys = [source.key for source in reading.content.data.inputs.values()]
    readme = (project / "README.md").read_text()
    lacking = [key for key in keys if not (project / key).exists()]
    assert [key for key in lacking if f"wharf data sample wti > {key}" not in readme] == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_file_of_a_project_has_a_placeholder_left(
    terminal: Terminal, tmp_path: Path, template: str
) -> None:
    project = made(terminal, tmp_path / "my-model", template)

    tracked = git(project, "ls-files").splitlines()
    texts = {name: (project / name).read_bytes() for name in tracked if not name.endswith(".whl")}
    assert [name for name, text in texts.items() if b"%PROJECT" in text or b"%QUEST" in text] == []
    assert len(texts["README.md"].splitlines()) <= 40


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_project_passes_its_own_test(terminal: Terminal, tmp_path: Path, template: str) -> None:
    project = made(terminal, tmp_path / "my-model", template)

    command = [sys.executable, "-m", "unittest", "discover", "tests"]
    ran = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr


def test_files_that_are_there_are_named_and_left(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "train.py").write_text("mine")

    result = terminal.wharf("init", str(folder), "--template", "scikit-learn")

    assert result.exit_code == 1
    assert "not empty: it has notes.txt, train.py; nothing was written" in result.output
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", "train.py"]


def test_a_file_in_the_directory_s_place_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "my-model").write_text("mine")

    result = terminal.wharf("init", str(tmp_path / "my-model"), "--template", "scikit-learn")

    assert result.exit_code == 1
    assert "is a file" in result.output


def test_a_clone_without_commits_becomes_the_project(terminal: Terminal, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", "my-model")

    project = made(terminal, tmp_path / "my-model")

    assert git(project, "log", "--format=%s") == (
        "Begin my-model with wharf init --template scikit-learn\n"
    )


def test_a_template_without_data_says_how_to_make_some(terminal: Terminal, tmp_path: Path) -> None:
    shown = terminal.wharf("init", str(tmp_path / "oil"), "--template", "oil-price").stdout

    assert shown.index("wharf data sample wti > wti.csv") < shown.index("wharf up")


@pytest.mark.parametrize("inside", [True, False])
def test_a_project_inside_another_repository_is_reported(
    terminal: Terminal, tmp_path: Path, inside: bool
) -> None:
    if inside:
        git(tmp_path, "init", "--quiet")

    shown = terminal.wharf("init", str(tmp_path / "below" / "my-model"), "--template", "container")

    told = f"echo /below/my-model/ >> {tmp_path}/.gitignore"
    assert (told in shown.stdout) is inside


def test_a_name_that_aws_cannot_carry_is_refused_with_the_rule(
    terminal: Terminal, tmp_path: Path
) -> None:
    result = terminal.wharf("init", str(tmp_path / "My_Model"), "--template", "scikit-learn")

    assert result.exit_code == 2
    assert "use 2 to 30 lower-case letters" in result.output
    assert "--project NAME" in result.output
    assert not (tmp_path / "My_Model").exists()


def test_the_project_may_be_named_apart_from_its_directory(
    terminal: Terminal, tmp_path: Path
) -> None:
    answer = terminal.json(
        *("init", str(tmp_path / "My_Model"), "--template", "scikit-learn", "--project", "tables")
    )

    assert answer["project"] == "tables"
    text = (tmp_path / "My_Model" / "modelwharf.toml").read_text()
    assert tomllib.loads(text)["project"] == "tables"


def test_an_unknown_template_is_answered_with_the_list(terminal: Terminal, tmp_path: Path) -> None:
    result = terminal.wharf("init", str(tmp_path / "my-model"), "--template", "keras")

    assert result.exit_code == 2
    assert all(f"{name}: {one.description}" in result.output for name, one in templates().items())


def test_a_template_is_one_folder(tmp_path: Path) -> None:
    (tmp_path / "mine" / "dot-github").mkdir(parents=True)
    (tmp_path / "mine" / "dot-github" / "x.yml").write_text("name: %PROJECT%\n")
    (tmp_path / "mine" / "template.toml").write_text(
        'description = "mine"\nquestion = "wharf invoke 1"\npackage = false\n[files]\n'
    )

    (tmp_path / "dot-gitignore").write_text(".wharf/\n")

    found = templates(tmp_path)

    assert found["mine"].files("one") == {
        ".github/x.yml": b"name: one\n",
        ".gitignore": b".wharf/\n",
    }


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_a_template_takes_of_the_package_is_in_the_wheel(template: str) -> None:
    """The wheel has what setup.py names."""
    named = (app_folder() / "setup.py").read_text()

    for path in templates()[template].carried.values():
        pattern = f"{path}/*.py" if (app_folder() / path).is_dir() else path
        assert f'"{pattern}"' in named


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_a_template_changes_is_in_the_package_s_files(template: str) -> None:
    """Else a change of those files would leave a project half as the package is."""
    found = templates()[template]

    for change in found.changes:
        for name in change.files:
            text = (app_folder() / found.carried[name]).read_text()
            assert change.text in text, (name, change.text)


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_file_that_builds_an_image_names_what_a_project_lacks(
    terminal: Terminal, tmp_path: Path, template: str
) -> None:
    project = made(terminal, tmp_path / "my-model", template)

    tracked = git(project, "ls-files", "containers/*Dockerfile*").splitlines()
    for name in tracked:
        for line in (project / name).read_text().splitlines():
            words = line.split()
            assert "docs/" not in line, name
            named = words[1:-1] if words[:1] == ["COPY"] else [line[1:]] * line.startswith("!")
            assert [path for path in named if not (project / path).exists()] == [], name


def test_every_folder_of_templates_is_a_template() -> None:
    assert [path.name for path in FOLDER.iterdir() if path.is_dir()] != []
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == set(TEMPLATES)
