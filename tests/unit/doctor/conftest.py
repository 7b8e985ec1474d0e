"""The doctor with an engine that answers from memory."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from modelwharf.contracts.examination import Examination, Finding, ImageRole, Verdict
from modelwharf.contracts.parameters import MetricDefinition
from modelwharf.doctor import Deadlines, NamedImage, Sample, Settings, examine
from tests.unit.doctor.fakes import FakeEngine

# Whoever is well is never waited for so long, also on a busy machine.
DEADLINES = Deadlines(
    training=60,
    startup=60,
    ping=10,
    invocation=60,
    stop_training=10,
    stop_serving=10,
    bare=0.05,
    busy=0.05,
    least_left=0.05,
)
QUESTION = Sample("application/json", b'{"add": 1}')
MEAN = NamedImage("mean:1")
TRAINING, INFERENCE = ImageRole.TRAINING, ImageRole.INFERENCE


@dataclass
class Practice:
    """One engine, and what the doctor finds with it."""

    folder: Path
    settings: Settings
    engine: FakeEngine

    def examine(self, *roles: ImageRole, **changes: Any) -> Examination:
        wanted = dict.fromkeys(roles or (TRAINING, INFERENCE), MEAN)
        return examine(self.engine, wanted, replace(self.settings, **changes), self.folder)

    def training(self, **changes: Any) -> dict[str, Finding]:
        return {one.id: one for one in self.examine(TRAINING, **changes).findings}

    def serving(self, **changes: Any) -> dict[str, Finding]:
        model = self.folder / "model"
        model.mkdir(parents=True)
        (model / "mean").write_text("2.0")
        given = {"model": model, **changes}
        return {one.id: one for one in self.examine(INFERENCE, **given).findings}


def bad(findings: dict[str, Finding]) -> dict[str, str]:
    """Id → verdict of what is not well."""
    return {
        one.id: one.verdict.value
        for one in findings.values()
        if one.verdict in (Verdict.FAIL, Verdict.WARN)
    }


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    channel = tmp_path / "channel"
    channel.mkdir()
    (channel / "numbers.csv").write_text("1\n2\n3\n")
    settings = Settings(
        channels={"training": channel},
        metric_definitions=(MetricDefinition(name="accuracy", regex="accuracy=([0-9.]+)"),),
        samples=(QUESTION,),
        deadlines=DEADLINES,
    )
    engine = FakeEngine()
    made = Practice(tmp_path / "doctor", replace(settings, now=engine.clock.now), engine)
    yield made
    made.engine.close()
