"""Lost, doubled and interrupted: the release still ends right."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.release import laptop as laptops
from tests.release.laptop import PROJECT, Laptop
from tests.release.team import Team
from tests.waiting import until


def sweep_at_once(template: dict[str, Any]) -> None:
    """So that no test waits a minute."""
    for resource in template["Resources"].values():
        variables = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
        if isinstance(variables, dict) and "WHARF_SWEEP_AFTER_SECONDS" in variables:
            variables["WHARF_SWEEP_AFTER_SECONDS"] = "1"


@pytest.fixture(scope="module")
def laptop(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """A test opens the server's gate later, so the server must wait longer than that: 120 s."""
    changed = tmp_path_factory.mktemp("changed") / "cdk.out"
    assembly = laptops.changed(assembly, changed, sweep_at_once)
    with laptops.running(tmp_path_factory.mktemp("cloud"), assembly, 120) as laptop:
        yield laptop


@pytest.fixture(scope="module")
def team(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> Team:
    return Team.serving(laptop, tmp_path_factory.mktemp("team") / "repository")


def sweep(laptop: Laptop) -> None:
    laptop.client("lambda").invoke(
        FunctionName=f"modelwharf-{PROJECT}-resume-release",
        Payload=json.dumps({"detail-type": "Scheduled Event", "source": "aws.events"}),
    )


def start(team: Team, reason: str) -> str:
    return team.started_by(lambda: team.request(reason))


def test_a_dropped_event_is_made_good_by_the_sweep(team: Team, laptop: Laptop) -> None:
    laptop.fault({"drop": {"detail_type": "SageMaker Training Job State Change", "count": 100}})
    name = start(team, "dropped")

    def swept() -> bool:
        sweep(laptop)
        return team.status(name) != "RUNNING"

    until(swept, "the end of the release")
    laptop.fault({"clear": True})
    assert team.end(name).status == "SUCCEEDED"


def test_a_doubled_event_changes_nothing(team: Team, laptop: Laptop) -> None:
    laptop.fault({"double": {"source": "aws.sagemaker", "count": 100}})
    ended = team.end(start(team, "doubled"))
    laptop.fault({"clear": True})
    assert ended.status == "SUCCEEDED"
    assert ended.states.count("Deploy") == 1


@pytest.mark.parametrize(
    ("module", "state"), [("register-model", "Register"), ("train-model", "Train")]
)
def test_a_function_killed_in_the_middle_is_tried_again(
    team: Team, laptop: Laptop, module: str, state: str
) -> None:
    """The warm process is stopped, so that its next call hangs in it, and killed during that."""
    function = f"modelwharf-{PROJECT}-{module}"
    warm = [pid for pid, line in laptop.children().items() if line.endswith(function)]
    assert warm
    for pid in warm:
        os.kill(pid, signal.SIGSTOP)
    name = start(team, f"killed in {state}")
    until(lambda: state in team.entered(name), f"state {state}")
    for pid in warm:
        os.kill(pid, signal.SIGKILL)
    ended = team.end(name)
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    failed = [e["taskFailedEventDetails"] for e in ended.events if "taskFailedEventDetails" in e]
    assert [failure["error"] for failure in failed] == ["Runtime.ExitError"]
    assert ended.document is not None and ended.document.training is not None
    assert ended.document.training.job == f"{PROJECT}-{name}-train"


def test_two_releases_that_want_the_same_image_at_once_build_it_once(
    team: Team, laptop: Laptop
) -> None:
    known, built = set(team.executions()), len(builds(team, laptop))
    team.commit("Both images anew", {"training/note": "new", "inference/note": "new"})
    team.push()
    team.request("the very same, beside it")

    def both() -> set[str] | None:
        new = set(team.executions()) - known
        return new if len(new) == 2 else None

    # Whichever deploys last may be superseded; both had their images and trained.
    for ended in [team.end(name) for name in until(both, "two releases")]:
        assert ended.error in ("", "Superseded"), (ended.error, ended.cause)
        assert "Train" in ended.states
    assert len(builds(team, laptop)) == built + 2  # one of each image


def builds(team: Team, laptop: Laptop) -> list[str]:
    """Ids of every build there has been."""
    project = team.outputs["BuildProject"]
    listed: list[str] = laptop.client("codebuild").list_builds_for_project(projectName=project)[
        "ids"
    ]
    return listed


def test_an_older_release_that_takes_longer_does_not_replace_a_newer_one(
    team: Team, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    team.configure("training", hyperparameters={"gate": str(gate)})
    older = start(team, "older")
    until(lambda: "Train" in team.entered(older), "its training")
    team.configure("training", hyperparameters=None)
    newer = team.end(start(team, "newer"))
    assert newer.status == "SUCCEEDED", (newer.error, newer.cause)
    assert team.status(older) == "RUNNING"
    gate.touch()
    ended = team.end(older)
    assert ended.status == "SUCCEEDED" and ended.states[-1] == "Superseded"
    assert ended.document is not None and ended.document.failure is not None
    assert ended.document.failure.error == "Superseded"
    why = f"release {newer.name}, asked for later, serves already"
    assert why in ended.document.failure.message()
    assert "RollBack" in ended.states
    assert " superseded " in team.wharf("releases").stdout
    told = team.notification(older)
    assert "superseded" in told and f"release {newer.name} serves endpoint" in told


def lost_events(team: Team, function: str, what: str) -> list[Any]:
    """What lies in the dead-letter queue of that function, about that."""
    listed = team.wharf("redrive", "--list", "--json", "--function", function)
    messages = json.loads(listed.stdout)["messages"]
    return [one for one in messages if what in one["what"]]


def discard(team: Team, message: Any) -> None:
    assert team.wharf("redrive", "--discard", message["id"]).returncode == 0


def test_a_push_whose_function_dies_every_time_starts_its_release_by_redrive(
    team: Team, laptop: Laptop
) -> None:
    functions, name = laptop.client("lambda"), f"modelwharf-{PROJECT}-start-release"
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler="os.abort")
    commit = team.commit("Lost three times", {"training/note": "lost"})
    team.push()

    def lost() -> list[Any]:
        return lost_events(team, "start-release", f"push of main {commit[:12]}")

    (message,) = until(lost, "the push in the dead-letter queue")
    assert message["function"].endswith(name) and message["tries"] == 3
    told = team.notification('"AlarmName": "modelwharf-oil-price-events-lost"')
    assert "`wharf redrive` hands it over again" in told and "requestPayload" not in told
    functions.update_function_configuration(FunctionName=name, Handler=handler)

    def redrive() -> None:
        redriven = team.wharf("redrive", message["id"])
        assert redriven.returncode == 0, redriven.stdout + redriven.stderr

    ended = team.end(team.started_by(redrive))
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert ended.document is not None and ended.document.trigger.commit == commit
    assert lost() == []


@pytest.mark.parametrize("module", ["resume-release", "refresh-data"])
def test_every_function_that_events_call_may_keep_what_it_failed_on(
    team: Team, laptop: Laptop, module: str
) -> None:
    functions, name = laptop.client("lambda"), f"modelwharf-{PROJECT}-{module}"
    handler = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler="os.abort")
    functions.invoke(FunctionName=name, InvocationType="Event", Payload='{"for": "nobody"}')
    (message,) = until(lambda: lost_events(team, module, "nobody"), "the event in the queue")
    functions.update_function_configuration(FunctionName=name, Handler=handler)
    discard(team, message)


def test_what_may_not_be_delivered_is_kept_and_handed_over_by_redrive(
    team: Team, laptop: Laptop
) -> None:
    functions, name = laptop.client("lambda"), f"modelwharf-{PROJECT}-start-release"
    policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
    laptop.refusals.append("perform: lambda:InvokeFunction on")
    for one in policy:
        functions.remove_permission(FunctionName=name, StatementId=one["Sid"])
    laptop.client("sns").publish(TopicArn=team.outputs["ChangesTopicArn"], Message="by the topic")
    team.upload("nobody's.csv", "by the rule")
    by_topic = until(lambda: lost_events(team, "start-release", "by the topic"), "the message")
    by_rule = until(lambda: lost_events(team, "start-release", "nobody's.csv"), "the event")
    for one in policy:
        functions.add_permission(
            FunctionName=name,
            StatementId=one["Sid"],
            Action=one["Action"],
            Principal=one["Principal"]["Service"],
            SourceArn=one["Condition"]["ArnLike"]["AWS:SourceArn"],
        )
    discard(team, by_rule[0])
    assert "lambda:InvokeFunction" in by_rule[0]["why"]
    assert team.wharf("redrive", by_topic[0]["id"]).returncode == 0
    assert "the message is not JSON: 'by the topic'" in team.notification("by the topic")


def stop(team: Team, laptop: Laptop, name: str) -> None:
    """As a person does in the Step Functions console."""
    client = laptop.client("stepfunctions")
    client.stop_execution(executionArn=team.arn(name), error="Changed my mind", cause="wrong data")


def undone(team: Team, laptop: Laptop, name: str) -> str:
    """The notification after the clean-up of a stopped release."""

    def told() -> str | None:
        sweep(laptop)
        found = team.find_notification(f"release   {name}")
        return found if found and "outcome   stopped" in found else None

    message = until(told, "the message about the stopped release")
    table, ledger = laptop.client("dynamodb"), team.outputs["LedgerTable"]

    def waits_no_more() -> bool:
        """A function that was at work when the release was stopped closes its row itself."""
        found = table.query(
            TableName=ledger,
            IndexName="release",
            KeyConditionExpression="release_id = :release",
            FilterExpression="attribute_exists(waiting)",
            ExpressionAttributeValues={":release": {"S": name}},
        )
        return not found["Items"]

    until(waits_no_more, "its rows to be closed")
    assert "Changed my mind" in message and "wrong data" in message
    assert team.ask({"add": 1}) == {"sum": 3.0}
    return message


def test_a_release_stopped_by_hand_in_train_leaves_no_job(
    team: Team, laptop: Laptop, tmp_path: Path
) -> None:
    team.configure("training", hyperparameters={"gate": str(tmp_path / "never")})
    name = start(team, "stopped in Train")
    job = f"{PROJECT}-{name}-train"
    sagemaker = laptop.client("sagemaker")

    def trains() -> bool:
        found = sagemaker.list_training_jobs()["TrainingJobSummaries"]
        return job in [one["TrainingJobName"] for one in found]

    until(trains, "its training job")
    laptop.fault({"double": {"source": "aws.states", "count": 1}})
    stop(team, laptop, name)
    team.configure("training", hyperparameters=None)
    assert f"Stopped training/{job}." in undone(team, laptop, name)
    described = sagemaker.describe_training_job(TrainingJobName=job)
    assert described["TrainingJobStatus"] in ("Stopping", "Stopped")


def test_a_release_stopped_while_it_waits_for_approval_waits_no_more(
    team: Team, laptop: Laptop
) -> None:
    team.configure("deployment", approval="manual")
    name = start(team, "stopped in Approve")
    team.configure("deployment", approval=None)
    until(lambda: "Approve" in team.entered(name), "its question")
    stop(team, laptop, name)
    assert "The release had not come to the endpoint" in undone(team, laptop, name)


def test_a_release_that_was_stopped_by_hand_holds_up_no_other(
    team: Team, laptop: Laptop, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    team.configure("deployment", environment={"MEAN_MODEL_GATE": gate.as_uri()})
    stopped = start(team, "stopped by hand")
    table, endpoint = laptop.client("dynamodb"), team.outputs["EndpointName"]
    lease = {"pk": {"S": f"endpoint#{endpoint}"}, "sk": {"S": "lease"}}

    def owner() -> Any:
        found = table.get_item(TableName=team.outputs["LedgerTable"], Key=lease)
        return found.get("Item", {}).get("owner", {}).get("S")

    def updating() -> bool:
        described = laptop.client("sagemaker").describe_endpoint(EndpointName=endpoint)
        status: str = described["EndpointStatus"]
        return status == "Updating"

    until(lambda: owner() == stopped and updating(), "its update of the endpoint")
    stop(team, laptop, stopped)
    gate.touch()
    team.configure("deployment", environment=None)
    assert "The endpoint went back to" in undone(team, laptop, stopped)
    assert owner() is None
    described = laptop.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    assert stopped not in described["EndpointConfigName"]
    ended = team.end(start(team, "the next one"))
    assert ended.status == "SUCCEEDED", (ended.error, ended.cause)
    assert owner() is None
