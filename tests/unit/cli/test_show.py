"""``wharf show``."""

import io
import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from modelwharf.cli.ending import follow_on_screen
from modelwharf.cli.figures import print_facts, states_in_figures, wrapped
from modelwharf.cli.follow import follow
from modelwharf.cli.picture import picture
from modelwharf.cli.release import read_release
from modelwharf.cli.stack import find_stack
from modelwharf.cli.watching import lines, watching
from tests.unit.cli import releases
from tests.unit.cli.conftest import Terminal
from tests.unit.contracts.histories import COMMIT, RELEASE, START, History, document
from tests.unit.lambdas.releases import plan


def test_a_running_release_shows_what_each_state_waits_for(terminal: Terminal) -> None:
    releases.training(terminal.cloud)

    result = terminal.wharf("show", RELEASE)

    assert result.exit_code == 0
    line = next(line for line in result.stdout.splitlines() if "Train " in line)
    assert f"training oil-price-{RELEASE}-train" in line
    assert line.startswith("…")


def test_without_a_release_the_newest_is_shown(terminal: Terminal) -> None:
    releases.succeeded(terminal.cloud, "r-1111111111111111", minutes=1)
    releases.succeeded(terminal.cloud, "r-2222222222222222", minutes=5)

    assert terminal.json("show")["id"] == "r-2222222222222222"


def test_without_any_release_it_says_how_to_start_one(terminal: Terminal) -> None:
    result = terminal.wharf("show")

    assert result.exit_code == 1
    assert result.stderr == ("Error: oil-price has no release yet: start one with `wharf push`\n")


def test_an_unknown_release_names_a_few_known_ones(terminal: Terminal) -> None:
    releases.succeeded(terminal.cloud)

    result = terminal.wharf("show", "r-nope")

    assert result.exit_code == 1
    assert f"there is no release r-nope; the newest are {RELEASE}" in result.stderr
    assert "wharf releases" in result.stderr


def test_a_succeeded_release_shows_its_figures(terminal: Terminal) -> None:
    releases.succeeded(terminal.cloud)

    text = terminal.wharf("show", RELEASE).stdout

    assert "succeeded 1 min 15 s" in text
    assert "skill 0.03 ≥ -0.05" in text
    assert "finding          the model is the random walk\n" in text
    assert "data v2, source v1" in text
    assert "training output  s3://artifact-bucket/releases/output.tar.gz\n" in text
    assert "holdout.png" not in text, "nobody looked into the archive"


def test_what_was_found_of_the_data_is_shown_once(terminal: Terminal) -> None:
    data = {"uri": "s3://b/data/", "job": None, "findings": ["wti: 3 are gone"]}
    history = History()
    history.run("PrepareData", result=document(data=data))
    releases.add(terminal.cloud, history)
    assert terminal.wharf("show").stdout.count("finding          wti: 3 are gone\n") == 1

    quality = {**releases.QUALITY, "findings": ["wti: 3 are gone"]}
    judged = History()
    judged.run("CheckQuality", result=document(data=data, quality=quality))
    releases.add(terminal.cloud, judged, "r-2222222222222222", minutes=1)
    assert terminal.wharf("show").stdout.count("finding          wti: 3 are gone\n") == 1


def test_a_training_that_was_done_before_is_reported(terminal: Terminal) -> None:
    history = History()
    history.run("Promote", result=document(training={**releases.TRAINING, "reused": True}))
    releases.add(terminal.cloud, history, status="SUCCEEDED")

    text = terminal.wharf("show", RELEASE).stdout

    assert f"oil-price-{RELEASE}-train (reused: the same image, data and settings)\n" in text


def test_a_failed_release_shows_state_error_and_cause(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)

    text = terminal.wharf("show", RELEASE).stdout

    assert "failed in Train" in text
    assert "TrainingFailed: bad data: column Price is missing" in text


def test_showing_a_failed_release_is_not_a_failure_but_following_it_is(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)

    assert terminal.wharf("show", RELEASE).exit_code == 0
    assert terminal.wharf("show", RELEASE, "--follow").exit_code == 1


def test_json_has_the_documented_keys(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)

    shown = terminal.json("show", RELEASE)

    assert list(shown) == [
        "id",
        "status",
        "started",
        "stopped",
        "states",
        "failure",
        "document",
        "plot",
        "serving",
        "restarts",
    ]
    assert list(shown["states"][0]) == [
        "name",
        "kind",
        "parent",
        "status",
        "entered",
        "exited",
        "attempts",
        "error",
        "cause",
        "waits_for",
    ]
    assert shown["failure"] == {
        "state": "Train",
        "error": "TrainingFailed",
        "reason": "bad data: column Price is missing",
    }


def test_following_prints_each_change_once_and_ends_with_the_release(terminal: Terminal) -> None:
    execution = releases.training(terminal.cloud)

    def finish() -> None:
        history = execution.history
        history.succeed()
        history.leave("Train")
        execution.status = "SUCCEEDED"
        terminal.cloud.ledger.waits.clear()

    terminal.cloud.stepfunctions.later = [lambda: None, lambda: None, finish]
    result = terminal.wharf("show", RELEASE, "--follow")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line for line in lines if "Train" in line] == [
        "… Train",
        "✓ Train 4.0 s",
    ]
    assert terminal.cloud.slept == 2.0


def test_a_job_that_is_submitted_between_two_looks_gives_no_second_line(
    terminal: Terminal,
) -> None:
    execution = releases.training(terminal.cloud)
    (wait,) = terminal.cloud.ledger.waits
    job = wait.pop("subject")

    def finish() -> None:
        execution.history.succeed()
        execution.history.leave("Train")
        execution.status = "SUCCEEDED"

    submit = partial(wait.update, subject=job)
    terminal.cloud.stepfunctions.later = [lambda: None, submit, lambda: None, finish]
    told = terminal.wharf("show", RELEASE, "--follow").stdout.splitlines()

    assert [line for line in told if line.startswith("… Train")] == ["… Train"]


def test_following_tells_what_to_type_to_approve(terminal: Terminal) -> None:
    execution = releases.awaiting_approval(terminal.cloud)
    terminal.cloud.stepfunctions.later = [
        lambda: None,
        lambda: setattr(execution, "status", "ABORTED"),
    ]

    told = terminal.wharf("show", RELEASE, "--follow").stdout.splitlines()

    wait = told[told.index("… Approve") + 1]
    assert wait.startswith(f"  approval: wharf approve {RELEASE}; or: wharf reject {RELEASE}")


@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_a_reason_is_reported_once(terminal: Terminal, follow: list[str]) -> None:
    reason = "the column Price is missing in wti.csv, which has Date, Open and Close"
    releases.failed(terminal.cloud, cause=reason)

    text = " ".join(terminal.wharf("show", RELEASE, *follow).stdout.split())

    assert text.count(reason) == 1
    assert "✗ Train 4.0 s" in text


def test_in_a_terminal_a_reason_is_reported_once(terminal: Terminal) -> None:
    reason = "no column"
    releases.failed(terminal.cloud, cause=reason)
    services = terminal.cloud.services()
    screen = Console(file=io.StringIO(), width=100, color_system=None)
    view = read_release(services, find_stack(services, "oil-price"), RELEASE)

    print_facts(screen, view)
    screen.print(picture(view, services.now(), states_in_figures(view)))

    assert isinstance(screen.file, io.StringIO)
    text = screen.file.getvalue()
    assert text.count(reason) == 1
    assert text.splitlines()[-2].split()[-1] == "TrainingFailed"


def test_what_was_undone_is_reported_in_sentences(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)

    text = terminal.wharf("show", RELEASE).stdout

    assert (
        "rolled back      No job was running. The release had not come to the endpoint, so nothing "
        "there was undone.\n"
    ) in text


def test_text_of_a_failure_is_never_taken_for_markup(terminal: Terminal) -> None:
    releases.failed(terminal.cloud, cause="pip: [bold]boom[/]")

    assert "pip: [bold]boom[/]" in terminal.wharf("show", RELEASE).stdout


def test_what_failed_inside_a_parallel_is_reported_once(terminal: Terminal) -> None:
    history = History()
    history.enter("BuildImages", kind="Parallel")
    started = history.add("ParallelStateStarted")
    build = history.enter("BuildTrainingImage", after=started)
    history.add("ParallelStateFailed", after=history.fail("BuildFailed", "pip", after=build))
    history.leave("BuildImages", kind="Parallel")
    releases.add(terminal.cloud, history, status="FAILED")

    text = terminal.wharf("show", RELEASE).stdout

    assert text.count("BuildFailed: pip") == 1
    assert "BuildTrainingImage  2.0 s  BuildFailed\n" in text


def test_in_a_terminal_the_picture_is_drawn_anew_at_each_look(terminal: Terminal) -> None:
    execution = releases.training(terminal.cloud)

    def finish() -> None:
        execution.history.succeed()
        execution.history.leave("Train")
        execution.status = "SUCCEEDED"

    terminal.cloud.stepfunctions.later = [lambda: None, finish]
    services = terminal.cloud.services()
    written = io.StringIO()
    screen = Console(file=written, force_terminal=True, width=100, color_system=None)

    with watching(services, screen) as seen:
        follow(services, find_stack(services, "oil-price"), RELEASE, seen)

    text = written.getvalue()
    assert text.count(f"{RELEASE} running") == 1
    assert text.count(f"{RELEASE} succeeded") >= 1
    assert text.index("…  Train") < text.index("✓  Train")


def test_a_failed_release_shows_what_serves_now(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)
    endpoint = {"EndpointStatus": "InService", "EndpointConfigName": "oil-price-r-1-config"}

    before = terminal.wharf("show", RELEASE).stdout
    terminal.cloud.sagemaker.endpoints["oil-price"] = endpoint

    assert "nothing serves yet: there is no endpoint oil-price" in before
    assert "oil-price serves oil-price-r-1-config" in terminal.wharf("show", RELEASE).stdout
    assert terminal.json("show", RELEASE)["serving"] == {
        "endpoint": "oil-price",
        "config": "oil-price-r-1-config",
        "status": "InService",
    }


DEPLOYED = {
    "endpoint": "oil-price",
    "config": f"oil-price-{RELEASE}-config",
    "model": f"oil-price-{RELEASE}-model",
    "previous_config": None,
}
GROUP = "/aws/sagemaker/Endpoints/oil-price"


def serve_and_restart(terminal: Terminal, times: int) -> None:
    history = History()
    history.run("Promote", result=document(deployment=DEPLOYED))
    releases.add(terminal.cloud, history, status="SUCCEEDED")
    endpoint = {"EndpointStatus": "InService", "EndpointConfigName": DEPLOYED["config"]}
    terminal.cloud.sagemaker.endpoints["oil-price"] = endpoint
    terminal.cloud.logs.write(GROUP, "champion/i-1", "hello")
    for _ in range(times):
        told = "[laptop] the server ended with exit code 3; starting it again"
        terminal.cloud.logs.write(GROUP, "champion/i-1", told)


def test_restarts_of_the_server_that_serves_are_shown(terminal: Terminal) -> None:
    serve_and_restart(terminal, times=4)

    text = " ".join(terminal.wharf("show", RELEASE).stdout.split())

    assert (
        "restarts the server was started again 4 times in the last hour; the last time because it "
        f"ended with exit code 3: wharf logs {RELEASE} --step serve"
    ) in text
    assert terminal.json("show", RELEASE)["restarts"] == {
        "count": 4,
        "last": "ended with exit code 3",
    }


def test_a_server_that_runs_on_has_no_restarts(terminal: Terminal) -> None:
    serve_and_restart(terminal, times=0)

    assert terminal.json("show", RELEASE)["restarts"] is None


def test_an_endpoint_that_never_came_up_serves_nothing(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)
    endpoint = {"EndpointStatus": "Failed", "EndpointConfigName": "oil-price-r-1-config"}
    terminal.cloud.sagemaker.endpoints["oil-price"] = endpoint

    text = terminal.wharf("show", RELEASE).stdout

    assert "nothing serves: endpoint oil-price is Failed" in text


def test_following_begins_with_the_commit_and_ends_with_the_time(terminal: Terminal) -> None:
    releases.succeeded(terminal.cloud)
    releases.failed(terminal.cloud, "r-bad", minutes=5)

    lines_ = terminal.wharf("show", RELEASE, "--follow").stdout.splitlines()
    failed = terminal.wharf("show", "r-bad", "--follow").stdout.splitlines()

    assert lines_[0] == f"release {RELEASE}, commit {COMMIT[:12]}"
    assert lines_[-2:] == [
        f"{RELEASE} succeeded in 1 min 15 s",
        f"See it again: wharf show {RELEASE}",
    ]
    assert failed[-3] == "r-bad failed in Train after 20.0 s"


@pytest.mark.parametrize(
    ("error", "command"),
    [
        ("DataRejected", "wharf data put NAME FILE"),
        ("InvalidParameter", "wharf config put SECTION FILE"),
        ("TrainingFailed", "wharf push"),
    ],
)
def test_the_last_line_names_the_command_that_mends_that_failure(
    terminal: Terminal, error: str, command: str
) -> None:
    releases.failed(terminal.cloud, error=error)

    last = terminal.wharf("show", RELEASE, "--follow").stdout.splitlines()[-1]

    assert last.startswith("Try again: ")
    assert command in last


def test_a_parameter_is_mended_in_the_project_s_file(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "modelwharf.toml").touch()
    monkeypatch.chdir(tmp_path)
    releases.failed(terminal.cloud, error="InvalidParameter")

    last = terminal.wharf("show", RELEASE, "--follow").stdout.splitlines()[-1]

    assert "edit modelwharf.toml, wharf config apply" in last


def test_the_hint_asks_the_teams_own_question_where_one_is_known(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    plan["deployment"] = {"probe": {"body": '{"product": "wti"}'}}
    releases.succeeded(terminal.cloud, plan=plan)

    last = terminal.wharf("show", RELEASE, "--follow").stdout.splitlines()[-1]

    assert last == """Ask it: wharf invoke '{"product": "wti"}'"""


def test_ctrl_c_says_that_the_release_goes_on(terminal: Terminal) -> None:
    releases.training(terminal.cloud)

    def interrupt() -> None:
        raise KeyboardInterrupt

    terminal.cloud.stepfunctions.later = [lambda: None, interrupt]
    result = terminal.wharf("show", RELEASE, "--follow")

    assert result.exit_code == 130
    assert f"release {RELEASE} goes on; come back to it: wharf show {RELEASE} --follow" in (
        result.stderr
    )


def test_a_branch_ends_before_the_state_around_it_does(terminal: Terminal) -> None:
    history = History()
    history.enter("BuildImages", kind="Parallel")
    started = history.add("ParallelStateStarted")
    for name in ("BuildTrainingImage", "BuildInferenceImage"):
        history.enter(name, after=started)
        history.schedule()
        history.succeed()
        history.leave(name)
    history.add("ParallelStateSucceeded")
    history.leave("BuildImages", kind="Parallel")
    releases.add(terminal.cloud, history)
    services = terminal.cloud.services()

    view = read_release(services, find_stack(services, "oil-price"), RELEASE)

    told = [line.split()[1] for line in lines(view, services.now())]
    assert told == ["BuildTrainingImage", "BuildInferenceImage", "BuildImages"]


def test_a_url_is_never_broken_and_stands_alone() -> None:
    url = "s3://artifact-bucket/" + "x" * 80

    assert wrapped(f"a word {url} (holdout.png in it)", 40) == [
        "a word",
        url,
        "(holdout.png in it)",
    ]


def test_people_read_short_names_and_programs_whole_ones(terminal: Terminal) -> None:
    digest = "sha256:" + "ab" * 32
    uri = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/modelwharf/training@{digest}"
    image = {"uri": uri, "digest": digest, "tag": "src-1", "built": True}
    releases.succeeded(
        terminal.cloud,
        images={"training": image, "inference": image},
        data={"uri": "s3://b/k", "job": None, "fingerprint": digest},
        model_package={**releases.PACKAGE_VERSION},
        trigger={"requested_by": "arn:aws:sts::123456789012:assumed-role/Developer/ada"},
    )

    text = terminal.wharf("show", RELEASE).stdout

    assert "modelwharf/training@sha256:abababababab (built)" in text
    assert "fingerprint sha256:abababababab, s3://b/k" in text
    assert "model package    oil-price/3\n" in text
    assert "by ada" in text
    assert terminal.json("show", RELEASE)["document"]["images"]["training"]["uri"] == uri


def test_in_a_small_terminal_the_states_are_still_in_sight_at_the_end(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)
    services = terminal.cloud.services()
    screen = Console(
        file=io.StringIO(), force_terminal=True, width=80, height=24, color_system=None
    )

    follow_on_screen(services, find_stack(services, "oil-price"), RELEASE, screen)

    assert isinstance(screen.file, io.StringIO)
    seen = screen.file.getvalue().splitlines()[-23:]
    assert any("Train" in line and "✗" in line for line in seen)
    assert all(len(line) <= 80 for line in seen if "\x1b" not in line)


def test_approval_offers_both_commands_and_the_deadline(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    execution = releases.awaiting_approval(terminal.cloud)
    entered = next(e for e in execution.history.events if "Approve" in json.dumps(e, default=str))
    given = json.dumps(document(plan=plan))
    entered["stateEnteredEventDetails"]["input"] = given

    (row,) = [one for one in terminal.json("show")["states"] if one["name"] == "Approve"]

    assert f"wharf approve {RELEASE}" in row["waits_for"]
    assert f"wharf reject {RELEASE} --note" in row["waits_for"]
    until = START + timedelta(days=3, seconds=entered["id"])
    assert row["waits_for"].endswith(f"until {until.astimezone():%Y-%m-%d %H:%M:%S}")


def test_a_release_that_waits_for_room_in_the_account_says_so_in_full(terminal: Terminal) -> None:
    history = History()
    history.run("Resolve")
    history.enter("Train", given=document())
    history.schedule()
    words = "waits until the account has room: … Ask for more: aws service-quotas request-it"
    history.fail("AccountBusy", json.dumps({"errorMessage": words}))
    releases.add(terminal.cloud, history)

    text = " ".join(terminal.wharf("show", RELEASE).stdout.split())
    assert f"Train tries again AccountBusy: {words}" in text
    services = terminal.cloud.services()
    release = read_release(services, find_stack(services, "oil-price"), RELEASE)
    assert lines(release, START)[-1] == f"↻ Train: AccountBusy: {words}"


def test_what_resolve_noticed_is_shown(terminal: Terminal) -> None:
    notice = "the account's quotas could not be read"
    releases.succeeded(
        terminal.cloud,
        plan=plan().model_copy(update={"notices": (notice,)}).model_dump(mode="json"),
    )
    assert notice in terminal.wharf("show", RELEASE).stdout


def test_a_clean_up_that_failed_after_the_promotion_is_shown(terminal: Terminal) -> None:
    removal = {"removed": [], "left": "no sagemaker:DeleteModel"}
    promotion = {"champion": RELEASE, "previous_champion": None, "removal": removal}
    releases.succeeded(terminal.cloud, promotion=promotion)
    shown = terminal.wharf("show", RELEASE).stdout
    assert "outdated models stay until the next promotion: no sagemaker:DeleteModel" in shown
