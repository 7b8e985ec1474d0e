"""The oil-price exemplar, whole: real images' sources, real prices, the real endpoint."""

import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from cli.demo_data import wti_csv
from tests.release import laptop as laptops
from tests.release.laptop import ROOT, Laptop, eventually
from tests.release.team import Team


@pytest.fixture(scope="module")
def team(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team that pushes the exemplar as it stands, with the template's own parameters."""
    team = Team(laptop, tmp_path_factory.mktemp("team") / "repository")
    ignore = shutil.ignore_patterns("__pycache__")
    for folder in ("contracts", "training", "inference", "containers"):
        shutil.copytree(ROOT / folder, team.repository / folder, ignore=ignore)
    team.git("init", "--quiet", "--initial-branch", "main")
    team.listen()
    team.upload("series/wti.csv", wti_csv())
    team.commit("The exemplar")
    team.push()
    first = team.end(
        eventually(lambda: next(iter(team.executions()), None), "a release"), seconds=300
    )
    assert first.status == "SUCCEEDED", (first.error, first.cause, laptop.log.read_text()[-3000:])
    return team


def test_the_endpoint_forecasts_a_business_day_with_its_interval(team: Team) -> None:
    latest = json.loads(output_member(team, "holdout.jsonl").splitlines()[-1])["request"]["date"]
    answer = team.ask({"product": "wti", "as_of": None, "date": next_business_day(latest)})
    assert answer["low"] < answer["forecast"] < answer["high"]


def test_the_holdout_plot_is_a_picture(team: Team) -> None:
    assert output_member(team, "holdout.png").startswith(b"\x89PNG")


def test_another_series_needs_one_parameter_changed(team: Team) -> None:
    team.upload("series/tea.csv", series())
    team.configure("data", inputs={"tea": {"key": "series/tea.csv"}})
    ended = team.end(team.release(seconds=200).name)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert ended.document is not None and ended.document.data is not None
    assert "tea" in json.dumps(ended.document.data.report)
