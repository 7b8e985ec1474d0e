"""``wharf show``."""

import io

from rich.console import Console

from cli.follow import follow
from cli.picture import watching
from cli.stack import find_stack
from tests.unit.cli import releases
from tests.unit.cli.conftest import Terminal
from tests.unit.cli.histories import RELEASE, History


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
    assert "data v2, source v1" in text
    assert "s3://artifact-bucket/releases/output.tar.gz (holdout.png in it)" in text


def test_a_failed_release_shows_state_error_and_cause(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)

    text = terminal.wharf("show", RELEASE).stdout

    assert "failed in Train" in text
    assert "TrainingFailed: bad data: column Price is missing" in text


def test_showing_a_failed_release_is_no_failure_but_following_it_is(terminal: Terminal) -> None:
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
        f"… Train (training oil-price-{RELEASE}-train)",
        "✓ Train 4.0 s",
    ]
    assert terminal.cloud.slept == 2.0


def test_text_of_a_failure_is_never_taken_for_markup(terminal: Terminal) -> None:
    execution = releases.failed(terminal.cloud)
    for event in execution.history.events:
        if event["type"] == "TaskFailed":
            event["taskFailedEventDetails"]["cause"] = "pip: [bold]boom[/]"

    assert "pip: [bold]boom[/]" in terminal.wharf("show", RELEASE).stdout


def test_what_failed_inside_a_parallel_is_told_once(terminal: Terminal) -> None:
    history = History()
    history.enter("BuildImages", kind="Parallel")
    started = history.add("ParallelStateStarted")
    build = history.enter("BuildTrainingImage", after=started)
    history.add("ParallelStateFailed", after=history.fail("BuildFailed", "pip", after=build))
    history.leave("BuildImages", kind="Parallel")
    releases.add(terminal.cloud, history)

    text = terminal.wharf("show", RELEASE).stdout

    assert text.count("BuildFailed: pip") == 1


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
