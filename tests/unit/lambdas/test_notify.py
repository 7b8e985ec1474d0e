import json

import pytest

from contracts.parameters import Notifications, Outcome
from contracts.release import Failure, ReleaseDocument, Rollback
from lambdas.endpoint_rows import Champion
from lambdas.notification import subject_line
from lambdas.notify import notify
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.fakes import client_error
from tests.unit.lambdas.releases import COMMIT, OTHER, RELEASE, document, plan

CAUSE = json.dumps({"errorMessage": "skill -0.2 ≥ -0.05 does not hold", "errorType": "Quality…"})
FAILURE = Failure.model_validate({"Error": "QualityBelowThreshold", "Cause": CAUSE})


def failed(**change: object) -> ReleaseDocument:
    facts = {"failure": FAILURE, "rollback": Rollback(stopped=("training/x",)), **change}
    return document(upto="Train", **facts)


def lines(world: World) -> dict[str, str]:
    """The message's rows by their label."""
    rows = [line for line in world.sns.last["Message"].splitlines() if line[0] != " "]
    return {row[:10].strip(): row[10:] for row in rows}


def test_a_failure_tells_where_why_what_serves_and_what_to_type(world: World) -> None:
    champion = Champion(release_id=OTHER, config="old", model_package="arn:old")
    world.site.ledger.crown("oil-price", champion)
    world.sagemaker.serve("oil-price", "old")
    assert notify(world.site, failed()) == failed()
    assert lines(world) == {
        "outcome": "failed",
        "project": "oil-price",
        "release": RELEASE,
        "commit": f"{COMMIT} (main)",
        "asked for": "push",
        "state": "CheckQuality",
        "error": "QualityBelowThreshold",
        "reason": "skill -0.2 ≥ -0.05 does not hold",
        "undone": "endpoint untouched; stopped training/x",
        "serving": f"release {OTHER} serves endpoint oil-price (configuration old)",
        "next": f"wharf show {RELEASE}",
    }
    assert world.sns.last["MessageAttributes"]["outcome"]["StringValue"] == "failed"


def test_a_success_tells_what_serves(world: World) -> None:
    champion = Champion(release_id=RELEASE, config="new", model_package="arn:new")
    world.site.ledger.crown("oil-price", champion)
    world.sagemaker.serve("oil-price", "new")
    notify(world.site, document(upto="Verify"))
    assert world.sns.last["Subject"] == f"oil-price: release {RELEASE} succeeded"
    assert lines(world)["serving"].startswith(f"release {RELEASE} serves endpoint oil-price")


def test_a_way_back_that_failed_is_told_with_what_to_look_at(world: World) -> None:
    way_back = Failure.model_validate({"Error": "DeploymentFailed", "Cause": "no capacity"})
    notify(world.site, failed(rollback=None, rollback_failure=way_back))
    assert lines(world)["undone"] == "the way back failed too: DeploymentFailed: no capacity"
    assert "aws sagemaker describe-endpoint --endpoint-name oil-price" in world.sns.last["Message"]


def test_without_an_endpoint_nothing_serves_whatever_the_ledger_says(world: World) -> None:
    champion = Champion(release_id=OTHER, config="old", model_package="arn:old")
    world.site.ledger.crown("oil-price", champion)
    notify(world.site, failed())
    assert lines(world)["serving"] == "no endpoint oil-price"


def test_the_champion_is_named_only_when_it_is_what_serves(world: World) -> None:
    champion = Champion(release_id=OTHER, config="old", model_package="arn:old")
    world.site.ledger.crown("oil-price", champion)
    world.sagemaker.serve("oil-price", "by-hand")
    world.sagemaker.endpoints["oil-price"]["EndpointStatus"] = "Updating"
    notify(world.site, failed())
    assert lines(world)["serving"] == (
        "endpoint oil-price (configuration by-hand, Updating); no release was promoted with it"
    )


def test_an_endpoint_that_cannot_be_described_does_not_keep_the_news_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise client_error("AccessDeniedException", "sagemaker:DescribeEndpoint")

    monkeypatch.setattr(world.sagemaker, "describe_endpoint", refuse)
    notify(world.site, failed())
    assert "sagemaker:DescribeEndpoint" in lines(world)["serving"]


def test_a_failure_in_resolve_is_always_told(world: World) -> None:
    notify(world.site, failed(plan=None))
    assert lines(world)["state"] == "Resolve"


@pytest.mark.parametrize("wanted", list(Outcome))
def test_only_wanted_outcomes_are_told(world: World, wanted: Outcome) -> None:
    wishes = plan(notifications=Notifications(outcomes=(wanted,)))
    notify(world.site, failed(plan=wishes))
    assert len(world.sns.published) == (1 if wanted is Outcome.FAILED else 0)


def test_a_subject_is_one_short_line_of_ascii() -> None:
    line = subject_line("oil: release é\nfailed " + "x" * 200)
    assert line.startswith("oil: release ? failed x")
    assert len(line) == 100
