"""The command, run in this process against a cloud that answers from memory."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelwharf.cli.main import wharf
from modelwharf.contracts.parameters import SECTIONS
from tests.unit.cli.fakes import FakeCloud


@dataclass
class Terminal:
    """Types ``wharf …`` and reads the answer."""

    cloud: FakeCloud = field(default_factory=FakeCloud)

    def wharf(self, *words: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(wharf, words, obj=self.cloud.services(), input=stdin)

    def json(self, *words: str, exit_code: int = 0) -> Any:
        result = self.wharf(*words, "--json")
        assert result.exit_code == exit_code, result.output
        return json.loads(result.stdout)


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, in which the commands are typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WHARF_PROJECT", raising=False)
    return tmp_path


@pytest.fixture
def plan() -> dict[str, Any]:
    """A plan of defaults."""
    image = {"repository": "r", "dockerfile": "d", "tag": "t", "base_image": "b", "platform": "p"}
    return {
        **{section: {} for section in SECTIONS},
        "images": {"training": image, "inference": image},
        "timeouts": dict.fromkeys(("build", "prepare", "train", "approve", "deploy"), 60),
    }
