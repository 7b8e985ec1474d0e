"""From a pushed commit to an answer from the live endpoint."""

import json
import subprocess
import sys

from modelwharf.cli.log_sources import Step
from tests.release.laptop import PROJECT, Laptop
from tests.release.team import Team
from tests.waiting import until


def test_a_pushed_model_answers_at_the_endpoint(team: Team) -> None:
    assert team.ask({"add": 1}) == {"sum": 3.0}


def test_new_data_releases_without_a_push(team: Team) -> None:
    name = team.started_by(lambda: team.upload("series/numbers.csv", "value\n10\n20\n"))
    assert team.end(name).status == "SUCCEEDED"
    assert team.ask({"add": 0}) == {"sum": 15.0}


def test_every_state_leaves_its_section_in_the_release_document(team: Team) -> None:
    document = team.release().document
    assert document is not None
    sections = document.model_dump(exclude_none=True).keys()
    assert sections >= {
        *("plan", "images", "data", "training", "quality", "model_package"),
        *("deployment", "verification", "promotion"),
    }
    assert "failure" not in sections
    # The champion's and the one's before, whatever number of releases there was.
    sagemaker = team.laptop.client("sagemaker")
    models = [one["ModelName"] for one in sagemaker.list_models()["Models"]]
    listed = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    configs = [one["EndpointConfigName"] for one in listed]
    for names in (models, configs):
        assert len([name for name in names if name.startswith(f"{PROJECT}-r-")]) == 2


def test_an_image_that_the_registry_has_is_not_built_again(team: Team) -> None:
    document = team.release().document
    assert document is not None and document.images is not None
    assert not document.images.training.built
    assert not document.images.inference.built


def test_a_push_of_documentation_alone_releases_nothing_and_says_why(team: Team) -> None:
    before = team.executions()
    commit = team.commit("Say hello", {"README.md": "hello\n"})
    assert f"remote: no release: commit {commit[:7]} changes only README.md" in team.push()
    assert "README.md" in team.notification(commit[:7])
    assert team.executions() == before


def test_the_same_push_told_twice_is_one_release(team: Team) -> None:
    before = set(team.executions())
    for _ in range(2):
        team.request("told twice")
    started = until(lambda: set(team.executions()) - before, "a release")
    for name in started:
        team.end(name)
    assert len(set(team.executions()) - before) == 1


def test_a_manual_approval_waits_and_approving_lets_it_through(team: Team) -> None:
    team.configure("deployment", approval="manual")
    name = team.started_by(lambda: team.request("approve me"))
    assert f"wharf approve {name}" in team.notification(f"wharf approve {name}")
    approved = team.wharf("approve", name)
    team.configure("deployment", approval=None)
    assert approved.returncode == 0, approved.stderr
    assert team.end(name).status == "SUCCEEDED"


def test_a_rejected_model_never_reaches_the_endpoint(team: Team) -> None:
    team.configure("deployment", approval="manual")
    name = team.started_by(lambda: team.request("reject me"))
    team.notification(f"wharf reject {name}")
    rejected = team.wharf("reject", name, "--note", "looks odd")
    team.configure("deployment", approval=None)
    assert rejected.returncode == 0, rejected.stderr
    ended = team.end(name)
    assert (ended.status, ended.error) == ("FAILED", "ApprovalRejected")
    assert "looks odd" in ended.cause
    assert "Deploy" not in ended.states


def test_training_longer_and_on_two_hosts_takes_no_more_transitions(team: Team) -> None:
    quick = team.release()
    team.configure("training", hyperparameters={"seconds": 10}, instance_count=2)
    slow = team.release()
    team.configure("training", hyperparameters=None, instance_count=None)
    assert slow.status == quick.status == "SUCCEEDED"
    # Sorted: both images are built at once, so which branch goes first is chance.
    assert sorted(e["type"] for e in slow.events) == sorted(e["type"] for e in quick.events)
    logs = team.wharf("logs", slow.name, "--step", "train", "--json")
    sources = {json.loads(line)["source"] for line in logs.stdout.splitlines()}
    assert sources == {"train algo-1", "train algo-2"}


def test_the_unmodified_aws_command_line_sees_and_asks_everything(
    team: Team, laptop: Laptop
) -> None:
    def aws(*arguments: str) -> object:
        done = subprocess.run(
            [sys.executable, "-m", "awscli", *arguments, "--output", "json"],
            env=laptop.environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    machine = team.outputs["StateMachineArn"]
    listed = aws("stepfunctions", "list-executions", "--state-machine-arn", machine)
    assert isinstance(listed, dict)
    newest = listed["executions"][0]["executionArn"]
    history = aws("stepfunctions", "get-execution-history", "--execution-arn", newest)
    assert isinstance(history, dict) and history["events"][0]["type"] == "ExecutionStarted"
    path = "/modelwharf/oil-price"
    parameters = aws("ssm", "get-parameters-by-path", "--path", path)
    assert isinstance(parameters, dict)
    assert f"{path}/quality" in {p["Name"] for p in parameters["Parameters"]}
    endpoint = aws("sagemaker", "describe-endpoint", "--endpoint-name", "oil-price")
    assert isinstance(endpoint, dict) and endpoint["EndpointStatus"] == "InService"
    answered = aws(
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", "oil-price"),
        *("--content-type", "application/json", "--body", '{"add": 2}'),
        "/dev/stderr",
    )
    assert isinstance(answered, dict) and answered["InvokedProductionVariant"] == "champion"


def test_wharf_show_tells_the_whole_release(team: Team) -> None:
    name = team.release().name
    shown = team.wharf("show", name, "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["status"] == "SUCCEEDED"


def test_wharf_logs_tells_what_every_step_of_a_release_wrote(team: Team) -> None:
    first = team.executions()[-1]
    told = team.wharf("logs", first, "--json")
    assert told.returncode == 0, told.stderr
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    silent = {Step.PREPARE, Step.SERVE}  # switched off, and a server that says nothing
    assert {line["step"] for line in lines} == set(Step) - silent
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    (metric,) = [line for line in lines if " accuracy=" in line["message"]]
    assert metric["stream"].startswith(f"oil-price-{first}-train/")


def test_wharf_logs_says_why_a_step_wrote_nothing(team: Team) -> None:
    first = team.executions()[-1]
    told = team.wharf("logs", first, "--step", "prepare")
    assert told.returncode == 1
    assert f"data.prepare is switched off for {first}" in told.stderr
