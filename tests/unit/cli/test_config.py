"""``wharf config``: sections that exist, that do not, and that cannot be read."""

from pathlib import Path

import pytest

from modelwharf.contracts.parameters import SECTIONS, Quality
from tests.unit.cli.conftest import Terminal

QUALITY = "/modelwharf/oil-price/quality"
STRICTER = '{"rules": [{"metric": "skill", "minimum": 0.0}]}'


def test_a_section_without_a_parameter_is_shown_with_its_defaults(terminal: Terminal) -> None:
    shown = terminal.json("config", "show")
    assert [one["section"] for one in shown] == list(SECTIONS)
    quality = next(one for one in shown if one["section"] == "quality")
    assert (quality["version"], quality["set"]) == (0, None)
    assert quality["effective"] == Quality().model_dump(mode="json")
    assert f"{QUALITY} (defaults)" in terminal.wharf("config", "show", "quality").stdout


def test_what_the_team_wrote_is_distinguished_from_the_defaults(terminal: Terminal) -> None:
    terminal.cloud.parameters.values["/modelwharf/oil-price/training"] = '{"volume_gb": 20}'
    [training] = terminal.json("config", "show", "training")
    assert training["set"] == {"volume_gb": 20}
    assert training["effective"]["volume_gb"] == 20
    assert training["effective"]["instance_type"] == "ml.m5.large"
    assert training["version"] == 1
    assert "volume_gb" not in training["defaults"]
    assert "instance_type" in training["defaults"]
    shown = terminal.wharf("config", "show", "training").stdout.splitlines()
    assert "volume_gb = 20" in shown
    assert 'instance_type = "ml.m5.large"  (default)' in shown


def test_a_section_that_cannot_be_read_is_a_finding(terminal: Terminal) -> None:
    terminal.cloud.parameters.values[QUALITY] = '{"rule": []}'
    [quality] = terminal.json("config", "show", "quality", exit_code=1)
    assert quality["finding"] == f"{QUALITY}: unknown key 'rule'; allowed here: rules"


def test_a_file_becomes_the_section(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "quality.json"
    file.write_text(STRICTER)
    answer = terminal.json("config", "put", "quality", str(file))
    assert answer == {"path": QUALITY, "version": 1}
    assert terminal.cloud.parameters.values[QUALITY] == STRICTER


def test_what_no_release_could_read_is_not_written(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "quality.json"
    file.write_text('{"rules": [{"metric": "skill"}]}')
    refused = terminal.wharf("config", "put", "quality", str(file))
    assert refused.exit_code == 1
    assert "nothing was written" in refused.output
    assert "a rule needs a minimum, a maximum or both" in refused.output
    assert terminal.cloud.parameters.values == {}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_that_powershell_wrote_becomes_the_section(
    terminal: Terminal, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "quality.json"
    file.write_text('{"rules": []}', encoding=encoding)
    assert terminal.wharf("config", "put", "quality", str(file)).exit_code == 0
    assert terminal.cloud.parameters.values[QUALITY] == '{"rules": []}'


def test_a_file_in_another_encoding_is_told_where(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "quality.json"
    file.write_bytes(b'{"caf\xe9": 1}')
    result = terminal.wharf("config", "put", "quality", str(file))
    assert result.exit_code == 1
    assert "quality.json is not UTF-8: byte 6 is 0xe9; save it as UTF-8" in result.stderr
