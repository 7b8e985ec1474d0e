"""``wharf config diff``: the file against Parameter Store."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Terminal
from tests.unit.cli.projects import write

ROOT = "/modelwharf/oil-price"


def store(terminal: Terminal, section: str, **values: object) -> None:
    terminal.cloud.parameters.values[f"{ROOT}/{section}"] = json.dumps(values)


def test_each_key_is_reported_with_both_values_and_what_is_default(
    terminal: Terminal, project: Path
) -> None:
    store(terminal, "deployment", approval="manual")
    write(
        project,
        "[training]\ninstance_count = 2\nhyperparameters = {depth = 3}\n"
        "[[quality.rules]]\nmetric = 'skill'\nminimum = 0.0\n",
    )

    result = terminal.wharf("config", "diff")

    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        f"{ROOT}/training (no parameter)",
        "  training.instance_count: 1 (default) -> 2",
        "  training.hyperparameters.depth: none -> 3",
    ]
    assert lines[3] == f"{ROOT}/quality (no parameter)"
    assert lines[5:] == [
        f"{ROOT}/deployment (version 1)",
        '  deployment.approval: "manual" -> "automatic" (default)',
    ]


def test_what_a_release_would_take_for_the_same_is_the_same(
    terminal: Terminal, project: Path
) -> None:
    store(terminal, "training", volume_gb=10)
    store(terminal, "quality", rules=[])
    write(project, "[quality]\nrules = []\n[deployment]\napproval = 'automatic'\n")

    result = terminal.wharf("config", "diff")

    assert (result.exit_code, result.stdout) == (0, "Parameter Store has what the file says\n")
    assert terminal.json("config", "diff") == []


def test_a_program_gets_the_sections_that_differ(terminal: Terminal, project: Path) -> None:
    write(project, "[training]\ninstance_count = 2\n")

    [training] = terminal.json("config", "diff", exit_code=1)

    assert (training["section"], training["version"]) == ("training", 0)
    assert training["changes"] == [
        {
            "key": "training.instance_count",
            "before": {"text": "1", "default": True},
            "after": {"text": "2", "default": False},
        }
    ]


def test_a_parameter_that_cannot_be_read_differs(terminal: Terminal, project: Path) -> None:
    store(terminal, "quality", rule=[])
    write(project, "")

    result = terminal.wharf("config", "diff")

    assert result.exit_code == 1
    assert f"{ROOT}/quality: unknown key 'rule'; allowed here: rules" in result.stdout


def test_a_file_with_faults_is_compared_with_nothing(terminal: Terminal, project: Path) -> None:
    write(project, "[training]\nvolume_gb = 0\nx = 1\n")

    result = terminal.wharf("config", "diff")

    assert result.exit_code == 1
    assert "modelwharf.toml:2: training.volume_gb is 0" in result.stderr
    assert "modelwharf.toml:3: unknown key 'training.x'" in result.stderr
    assert result.stdout == ""


def test_a_file_of_another_project_is_not_compared_unless_it_is_named(
    terminal: Terminal, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, 'project = "tea"\n')
    monkeypatch.setenv("WHARF_PROJECT", "oil-price")

    refused = terminal.wharf("config", "diff")

    assert refused.exit_code == 1
    assert "names project tea, and WHARF_PROJECT names oil-price" in refused.stderr
    assert terminal.wharf("config", "diff", "--project", "oil-price").exit_code == 0


def test_a_key_that_an_object_has_on_one_side_alone_differs(
    terminal: Terminal, project: Path
) -> None:
    store(terminal, "data", options={"a": {}, "b": None})
    write(project, "")

    lines = terminal.wharf("config", "diff").stdout.splitlines()

    assert lines[1:] == ["  data.options.a: {} -> none", "  data.options.b: null -> none"]


def test_an_optional_object_is_told_by_its_keys(terminal: Terminal, project: Path) -> None:
    write(project, "[deployment.capture]\npercent = 5\n")

    lines = terminal.wharf("config", "diff").stdout.splitlines()

    assert lines[1:] == ["  deployment.capture.percent: none -> 5"]


def test_a_new_object_is_reported_without_the_keys_that_nobody_set(
    terminal: Terminal, project: Path
) -> None:
    write(project, "[deployment.probe]\nbody_file = 'probe.bin'\n")

    lines = terminal.wharf("config", "diff").stdout.splitlines()

    assert [line.split(":")[0] for line in lines[1:]] == [
        "  deployment.probe.content_type",
        "  deployment.probe.accept",
        "  deployment.probe.body_file",
    ]
