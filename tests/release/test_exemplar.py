"""The oil-price exemplar, whole: its Dockerfiles, real prices, the live endpoint."""

import datetime
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwharf.artifact.evaluation import EVALUATION_FILE, EvaluationReport
from modelwharf.cli.demo_data import demo_series
from tests.release import laptop as laptops
from tests.release.exemplar import exemplar_team, output_member
from tests.release.laptop import Laptop
from tests.release.team import Execution, Team


@pytest.fixture(scope="module")
def laptop(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """Its own: the project has another repository here."""
    with laptops.running(tmp_path_factory.mktemp("cloud"), assembly) as laptop:
        yield laptop


@pytest.fixture(scope="module")
def team(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A team that pushes the exemplar as it stands, with the template's own parameters."""
    return exemplar_team(laptop, tmp_path_factory.mktemp("team") / "repository")


@pytest.fixture(scope="module")
def released(team: Team) -> Execution:
    """The release of the team's first push, on the WTI series."""
    team.upload("series/wti.csv", demo_series()["wti"].csv)
    team.commit("The exemplar")
    ended = team.end(team.started_by(team.push), seconds=400)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    return ended


def next_business_day(day: datetime.date) -> datetime.date:
    following = day + datetime.timedelta(days=1)
    return following if following.weekday() < 5 else next_business_day(following)


def business_days(first: datetime.date, count: int) -> list[datetime.date]:
    days = [first]
    while len(days) < count:
        days.append(next_business_day(days[-1]))
    return days


def test_the_endpoint_forecasts_the_next_business_day_with_its_interval(
    team: Team, released: Execution
) -> None:
    last = demo_series()["wti"].last_day
    day = next_business_day(last)
    answer = team.ask({"product": "wti", "date": day.isoformat()})
    assert answer["low"] < answer["forecast"] < answer["high"]
    assert answer["as_of"] == last.isoformat()


def test_the_gate_judged_the_report_that_the_training_program_wrote(
    team: Team, released: Execution
) -> None:
    report = EvaluationReport.model_validate_json(output_member(team, released, EVALUATION_FILE))
    assert released.document is not None and released.document.quality is not None
    assert released.document.quality.metrics["skill"] == report.metrics["skill"].value


def test_the_plot_of_the_holdout_is_a_picture(team: Team, released: Execution) -> None:
    assert output_member(team, released, "holdout.png").startswith(b"\x89PNG")


def test_each_function_that_is_called_again_finds_what_it_did_and_answers(
    laptop: Laptop, released: Execution
) -> None:
    """As after an answer of Lambda's that was lost. The tokens are dead: no task waits on them.

    No later release serves yet, which would be told as Superseded.
    """
    again = [
        json.loads(event["taskScheduledEventDetails"]["parameters"])
        for event in released.events
        if "taskScheduledEventDetails" in event
    ]
    assert len(again) > 10
    for call in again:
        answer = laptop.client("lambda").invoke(
            FunctionName=call["FunctionName"], Payload=json.dumps(call["Payload"])
        )
        assert "FunctionError" not in answer, (call["FunctionName"], answer["Payload"].read())


def test_the_same_prices_uploaded_again_are_released_without_another_training(
    team: Team, released: Execution
) -> None:
    again = team.started_by(lambda: team.upload("series/wti.csv", demo_series()["wti"].csv))
    ended = team.end(again, seconds=200)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert released.document is not None and ended.document is not None
    first, second = released.document.training, ended.document.training
    assert first is not None and second is not None
    assert (first.reused, second.reused, second.job) == (False, True, first.job)


def test_another_series_needs_one_parameter_changed(team: Team, released: Execution) -> None:
    chance = random.Random(7)  # noqa: S311  a walk, not a secret
    price, lines = 20.0, ["Date,Price"]
    for day in business_days(datetime.date(2015, 1, 1), 1500):
        price += chance.gauss(0, 0.4)
        lines.append(f"{day},{price:.2f}")
    team.upload("series/tea.csv", "\n".join(lines) + "\n")
    team.configure("data", inputs={"tea": {"key": "series/tea.csv"}})
    ended = team.release(seconds=200)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert ended.document is not None and ended.document.quality is not None
    gone = "wti: the serving release was trained on it, and it is no longer an input"
    assert gone in ended.document.quality.findings
    day = next_business_day(datetime.date.fromisoformat(lines[-1].split(",")[0]))
    assert team.ask({"product": "tea", "date": day.isoformat()})["product"] == "tea"
