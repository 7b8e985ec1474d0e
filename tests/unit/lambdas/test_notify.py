import json
from typing import Any

import pytest

from lambdas.endpoint_rows import Champion
from lambdas.handlers.notify import notify
from lambdas.notification import subject_line
from modelwharf.contracts.parameters import Notifications, Outcome
from modelwharf.contracts.release import Failure, ReleaseDocument
from modelwharf.contracts.rollback import Rollback
from tests.unit.contracts.histories import History, parallel
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.fakes import client_error
from tests.unit.lambdas.releases import COMMIT, OTHER, RELEASE, document, plan

REASON = "skill -0.2 is below its minimum -0.05"
CAUSE = json.dumps({"errorMessage": REASON, "errorType": "Quality…"})
FAILURE = Failure.model_validate({"Error": "QualityBelowThreshold", "Cause": CAUSE})


def failed(**change: object) -> ReleaseDocument:
    facts: dict[str, Any] = {
        "failure": FAILURE,
        "rollback": Rollback(stopped=("training/x",)),
        **change,
    }
    found: ReleaseDocument = document(upto="Train", **facts)
    return found


def failed_in(world: World, state: str) -> None:
    """Step Functions' history, as it is when NotifyFailure runs."""
    history = History()
    history.run("Resolve")
    history.enter(state)
    history.schedule()
    history.fail("QualityBelowThreshold", CAUSE)
    history.leave(state)
    history.run("RollBack")
    history.enter("NotifyFailure")
    history.schedule()
    world.stepfunctions.histories[RELEASE] = history.events


def lines(world: World) -> dict[str, str]:
    """The message's rows by their label."""
    rows = [line for line in world.sns.last["Message"].splitlines() if line[0] != " "]
    return {row[:10].strip(): row[10:] for row in rows}


def test_a_failure_tells_where_why_what_serves_and_what_to_type(world: World) -> None:
    champion = Champion(release_id=OTHER, config="old", model_package="arn:old")
    world.runtime.ledger.put_champion("oil-price", champion)
    world.sagemaker.serve("oil-price", "old")
    failed_in(world, "CheckQuality")
    assert notify(world.runtime, failed()) == failed()
    assert lines(world) == {
        "outcome": "failed",
        "project": "oil-price",
        "release": RELEASE,
        "commit": f"{COMMIT} (main)",
        "asked for": "push",
        "state": "CheckQuality",
        "error": "QualityBelowThreshold",
        "reason": REASON,
        "undone": "Stopped training/x. The release had not come to the endpoint, so nothing there "
        "was undone.",
        "serving": f"release {OTHER} serves endpoint oil-price (configuration old)",
        "next": f"wharf show {RELEASE}",
    }
    assert world.sns.last["MessageAttributes"]["outcome"]["StringValue"] == "failed"


def test_a_success_tells_what_serves(world: World) -> None:
    champion = Champion(release_id=RELEASE, config="new", model_package="arn:new")
    world.runtime.ledger.put_champion("oil-price", champion)
    world.sagemaker.serve("oil-price", "new")
    notify(world.runtime, document(upto="Verify"))
    assert world.sns.last["Subject"] == f"oil-price: release {RELEASE} succeeded"
    assert lines(world)["serving"].startswith(f"release {RELEASE} serves endpoint oil-price")


def test_a_way_back_that_failed_is_reported_with_what_to_look_at(world: World) -> None:
    way_back = Failure.model_validate({"Error": "DeploymentFailed", "Cause": "no capacity"})
    notify(world.runtime, failed(rollback=None, rollback_failure=way_back))
    assert lines(world)["undone"] == "the way back failed too: DeploymentFailed: no capacity"
    assert "aws sagemaker describe-endpoint --endpoint-name oil-price" in world.sns.last["Message"]


def test_without_an_endpoint_nothing_serves_whatever_the_ledger_says(world: World) -> None:
    champion = Champion(release_id=OTHER, config="old", model_package="arn:old")
    world.runtime.ledger.put_champion("oil-price", champion)
    notify(world.runtime, failed())
    assert lines(world)["serving"] == "no endpoint oil-price"


def test_the_champion_is_named_only_when_it_is_what_serves(world: World) -> None:
    champion = Champion(release_id=OTHER, config="old", model_package="arn:old")
    world.runtime.ledger.put_champion("oil-price", champion)
    world.sagemaker.serve("oil-price", "by-hand")
    world.sagemaker.endpoints["oil-price"]["EndpointStatus"] = "Updating"
    notify(world.runtime, failed())
    assert lines(world)["serving"] == (
        "endpoint oil-price (configuration by-hand, Updating); no release was promoted with it"
    )


def test_an_endpoint_that_cannot_be_described_does_not_keep_the_news_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise client_error("AccessDeniedException", "sagemaker:DescribeEndpoint")

    monkeypatch.setattr(world.sagemaker, "describe_endpoint", refuse)
    notify(world.runtime, failed())
    assert "sagemaker:DescribeEndpoint" in lines(world)["serving"]


def test_a_failed_build_is_reported_as_step_functions_and_wharf_show_have_it(world: World) -> None:
    history, training, _ = parallel()
    failure = history.fail("BuildFailed", "pip failed", after=training)
    history.add("ParallelStateFailed", after=failure)
    history.leave("BuildImages", kind="Parallel")
    history.enter("NotifyFailure")
    world.stepfunctions.histories[RELEASE] = history.events
    notify(world.runtime, failed())
    assert lines(world)["state"] == "BuildTrainingImage"
    assert "failed in BuildTrainingImage:" in world.sns.last["Subject"]


def test_a_history_that_cannot_be_read_does_not_keep_the_news_back(world: World) -> None:
    notify(world.runtime, failed())
    assert lines(world)["state"].startswith("unknown: An error occurred (ExecutionDoesNotExist)")
    assert world.sns.last["Subject"] == (
        f"oil-price: release {RELEASE} failed: QualityBelowThreshold"
    )


@pytest.mark.parametrize("wanted", list(Outcome))
def test_only_wanted_outcomes_are_reported(world: World, wanted: Outcome) -> None:
    settings = plan(notifications=Notifications(outcomes=(wanted,)))
    notify(world.runtime, failed(plan=settings))
    assert len(world.sns.published) == (1 if wanted is Outcome.FAILED else 0)


def test_a_subject_is_one_short_line_of_ascii() -> None:
    line = subject_line("oil: release é\nfailed " + "x" * 200)
    assert line.startswith("oil: release ? failed x")
    assert len(line) == 100
