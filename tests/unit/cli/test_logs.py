"""``wharf logs``."""

import json
from datetime import timedelta
from typing import Any

import pytest

from modelwharf.cli.log_lines import LogReader
from modelwharf.cli.log_sources import Source, Step
from tests.unit.cli import releases
from tests.unit.cli.conftest import Terminal
from tests.unit.cli.fakes import FakeCloud
from tests.unit.contracts.histories import RELEASE, START, History, document

ENDPOINT = "/aws/sagemaker/Endpoints/oil-price"
TRAINING = "/aws/sagemaker/TrainingJobs"
PROCESSING = "/aws/sagemaker/ProcessingJobs"
FUNCTION = "/aws/lambda/modelwharf-oil-price-train-model"
CONFIG = f"oil-price-{RELEASE}-config"
DEPLOYMENT = {"endpoint": "oil-price", "config": CONFIG, "model": "m", "previous_config": None}
OTHER = "r-ffffffffffffffff"


def whole(cloud: FakeCloud, plan: dict[str, Any]) -> None:
    """A release that serves: both builds from second 5 to 9, Deploy from 21 to 24."""
    history = History(document())
    history.run("Resolve", result=document(plan=plan))
    history.enter("BuildImages", kind="Parallel", given=document(plan=plan))
    started = history.add("ParallelStateStarted")
    for name in ("BuildTrainingImage", "BuildInferenceImage"):
        history.enter(name, after=started)
        history.schedule()
        history.succeed()
        history.leave(name)
    history.add("ParallelStateSucceeded")
    history.leave("BuildImages", kind="Parallel", result=document(plan=plan))
    history.run("PrepareData", result=document(plan=plan))
    history.run("Train", result=document(plan=plan, training=releases.TRAINING))
    last = document(plan=plan, training=releases.TRAINING, deployment=DEPLOYMENT)
    history.run("Deploy", result=last)
    history.add("ExecutionSucceeded", executionSucceededEventDetails={"output": json.dumps(last)})
    releases.add(cloud, history, status="SUCCEEDED", stopped=START + timedelta(seconds=60))


def serve(cloud: FakeCloud, config: str) -> None:
    cloud.sagemaker.endpoints["oil-price"] = {
        "EndpointStatus": "InService",
        "EndpointConfigName": config,
    }


def told(terminal: Terminal, *words: str) -> list[str]:
    """Source and message of every line."""
    result = terminal.wharf("logs", *words)
    assert result.exit_code == 0, result.output
    rows = [line.partition(" ")[2].split("|", 1) for line in result.stdout.splitlines()]
    return [f"{source.strip()}: {message.strip()}" for source, message in rows]


def test_everything_stands_in_the_order_of_time(terminal: Terminal, plan: dict[str, Any]) -> None:
    plan["images"]["inference"] = {**plan["images"]["inference"], "tag": "u"}
    whole(terminal.cloud, plan)
    serve(terminal.cloud, CONFIG)
    logs = terminal.cloud.logs
    terminal.cloud.builds.add("build:1", ("r", "t"), start=8, end=10)
    terminal.cloud.builds.add("build:2", ("r", "u"), start=14, end=16)
    logs.write("/aws/codebuild/images", "build:2", "STEP 1", seconds=14)
    logs.write("/aws/codebuild/images", "build:1", "STEP 1", seconds=8)
    logs.write(ENDPOINT, "champion/i-1", "serving wti", seconds=40)
    logs.write(TRAINING, f"{releases.TRAINING['job']}/algo-1-1", "holdout mae=2.1", seconds=22)
    logs.write(PROCESSING, f"oil-price-{RELEASE}-prepare/algo-1-1", "prepared wti", seconds=18)

    assert told(terminal) == [
        "build-training: STEP 1",
        "build-inference: STEP 1",
        "prepare: prepared wti",
        "train: holdout mae=2.1",
        "serve: serving wti",
    ]


def test_each_host_of_a_training_job_tells_its_own_lines(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    plan["training"] = {**plan["training"], "instance_count": 2}
    whole(terminal.cloud, plan)
    for number in (1, 2):
        stream = f"{releases.TRAINING['job']}/algo-{number}-1"
        terminal.cloud.logs.write(TRAINING, stream, f"epoch of {number}", seconds=20 + number)

    assert told(terminal, "--step", "train") == [
        "train algo-1: epoch of 1",
        "train algo-2: epoch of 2",
    ]


def test_without_a_release_it_is_the_newest(terminal: Terminal) -> None:
    releases.succeeded(terminal.cloud, "r-1111111111111111")
    releases.training(terminal.cloud, "r-2222222222222222")
    terminal.cloud.stepfunctions.executions["r-2222222222222222"].started += timedelta(minutes=1)
    for release in ("r-1111111111111111", "r-2222222222222222"):
        stream = f"oil-price-{release}-train/algo-1-1"
        terminal.cloud.logs.write(TRAINING, stream, f"epoch of {release}", seconds=70)

    assert told(terminal) == ["train: epoch of r-2222222222222222"]


def test_only_the_steps_asked_for_and_only_the_last_lines(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    whole(terminal.cloud, plan)
    stream = f"{releases.TRAINING['job']}/algo-1-1"
    terminal.cloud.logs.write(TRAINING, stream, *(f"epoch {n}" for n in range(8)), seconds=22)
    terminal.cloud.logs.write(PROCESSING, f"oil-price-{RELEASE}-prepare/a", "rows", seconds=18)

    assert told(terminal, "--step", "train", "--tail", "2") == ["train: epoch 6", "train: epoch 7"]
    assert told(terminal, "--step", "prepare") == ["prepare: rows"]


def test_since_leaves_out_what_is_older(terminal: Terminal, plan: dict[str, Any]) -> None:
    whole(terminal.cloud, plan)
    stream = f"{releases.TRAINING['job']}/algo-1-1"
    terminal.cloud.logs.write(TRAINING, stream, "early", seconds=22)
    terminal.cloud.logs.write(TRAINING, stream, "late", seconds=50)

    assert told(terminal, "--since", "20s") == ["train: late"]
    assert told(terminal, "--since", "2026-11-21T09:00:30+00:00") == ["train: late"]


def test_json_is_an_object_a_line(terminal: Terminal, plan: dict[str, Any]) -> None:
    whole(terminal.cloud, plan)
    stream = f"{releases.TRAINING['job']}/algo-1-1"
    terminal.cloud.logs.write(TRAINING, stream, "epoch 1\n", "epoch 2", seconds=22)

    lines = terminal.wharf("logs", "--json").stdout.splitlines()

    assert [json.loads(line) for line in lines] == [
        {
            "time": "2026-11-21T09:00:22Z",
            "step": "train",
            "source": "train",
            "group": TRAINING,
            "stream": stream,
            "message": message,
        }
        for message in ("epoch 1", "epoch 2")
    ]


def test_a_line_with_line_breaks_keeps_its_step_on_each(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    whole(terminal.cloud, plan)
    stream = f"{releases.TRAINING['job']}/algo-1-1"
    terminal.cloud.logs.write(TRAINING, stream, "Traceback\n  KeyError", seconds=22)

    assert told(terminal) == ["train: Traceback", "train: KeyError"]


def test_a_build_that_another_release_began_is_this_ones_too(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    whole(terminal.cloud, plan)
    for name, image, start, end in (
        ("joined:1", ("r", "t"), -60, 10),
        ("older:1", ("r", "t"), -90, -30),
        ("later:1", ("r", "t"), 100, None),
        ("another:1", ("r", "u"), 6, 7),
    ):
        terminal.cloud.builds.add(name, image, start, end)
        terminal.cloud.logs.write("/aws/codebuild/images", name, name, seconds=start)
    terminal.cloud.builds.builds.sort(key=lambda build: build["startTime"])

    assert told(terminal, "--step", "build-training") == ["build-training: joined:1"]


def test_the_endpoints_log_is_that_of_the_instances_the_release_began(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    whole(terminal.cloud, plan)
    logs = terminal.cloud.logs
    logs.write(ENDPOINT, "champion/i-before", "the old model's", seconds=-600)
    logs.write(ENDPOINT, "champion/i-before", "still the old model's", seconds=30)
    logs.write(ENDPOINT, "champion/i-mine", "mine", seconds=30)
    logs.write(ENDPOINT, "champion/i-mine", "mine, later", seconds=4000)
    logs.write(ENDPOINT, "champion/i-scaled", "one instance more", seconds=5000)

    serve(terminal.cloud, CONFIG)
    serving = told(terminal, "--step", "serve")
    serve(terminal.cloud, f"oil-price-{OTHER}-config")
    replaced = told(terminal, "--step", "serve")

    assert replaced == ["serve: mine", "serve: mine, later"]
    assert serving == [*replaced, "serve: one instance more"]


def test_of_a_functions_log_only_the_calls_for_the_release_are_reported(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    whole(terminal.cloud, plan)
    mine = {"level": "INFO", "message": "waiting", "release_id": RELEASE, "job": "training/x"}
    other = {"level": "INFO", "message": "waiting", "release_id": OTHER}
    terminal.cloud.logs.write(
        FUNCTION,
        "2026/11/21/[$LATEST]0",
        *("START RequestId: 1 Version: $LATEST", json.dumps(other), "END RequestId: 1"),
        *("START RequestId: 2 Version: $LATEST", json.dumps(mine), "plain", "END RequestId: 2"),
        *("START RequestId: 3 Version: $LATEST", "a sweep", "END RequestId: 3"),
        seconds=22,
    )

    assert told(terminal, "--step", "functions") == [
        "train-model: INFO waiting job=training/x",
        "train-model: plain",
    ]


def test_a_call_that_crashed_before_it_named_a_release_is_not_lost(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    whole(terminal.cloud, plan)
    lines = ("START RequestId: 1 Version: $LATEST", "[ERROR] ImportError: no x", "END RequestId: 1")
    terminal.cloud.logs.write(FUNCTION, "2026/11/21/[$LATEST]0", *lines, seconds=22)

    assert told(terminal, "--step", "functions") == ["train-model: [ERROR] ImportError: no x"]


def test_a_builds_command_of_many_lines_takes_one(terminal: Terminal, plan: dict[str, Any]) -> None:
    whole(terminal.cloud, plan)
    terminal.cloud.builds.add("build:1", ("r", "t"), start=8, end=10)
    command = "[Container] 2026/11/21 09:00:08 Running command set -e\ndocker build ."
    terminal.cloud.logs.write("/aws/codebuild/images", "build:1", command, seconds=8)

    (line,) = told(terminal, "--step", "build-training")

    assert line.endswith("Running command set -e …")


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("train", f"train: nothing is there: no log group {TRAINING}"),
        ("build-training", "build-training: nothing was built: the registry had the image already"),
    ],
)
def test_a_step_without_a_log_says_why(
    terminal: Terminal, plan: dict[str, Any], step: str, reason: str
) -> None:
    whole(terminal.cloud, plan)

    result = terminal.wharf("logs", "--step", step)

    assert result.exit_code == 1
    assert reason in result.stderr


def test_a_prepare_step_that_is_switched_off_says_so(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    plan["data"] = {"prepare": False}
    whole(terminal.cloud, plan)

    result = terminal.wharf("logs", "--step", "prepare")

    assert "prepare: no program ran: data.prepare is switched off" in result.stderr


def test_expired_lines_name_the_group_and_how_long_it_keeps_them(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    whole(terminal.cloud, plan)
    terminal.cloud.logs.write(TRAINING, "another-job/algo-1-1", "x")
    terminal.cloud.logs.retention[TRAINING] = 30

    result = terminal.wharf("logs", "--step", "train")

    told = f"Train wrote nothing to log group {TRAINING} in the 30 days that it keeps"
    assert told in result.stderr


def test_a_step_that_has_not_begun_says_where_the_release_is(terminal: Terminal) -> None:
    releases.training(terminal.cloud)

    result = terminal.wharf("logs", "--step", "serve")

    assert result.exit_code == 1
    assert f"serve: not begun: {RELEASE} is at Train; wait: wharf logs {RELEASE} --follow" in (
        result.stderr
    )


def test_a_step_that_a_failure_came_before_says_which(terminal: Terminal) -> None:
    releases.failed(terminal.cloud)

    result = terminal.wharf("logs", "--step", "serve")

    assert f"serve: never begun: {RELEASE} failed in Train; see why: wharf show" in result.stderr


def test_an_unknown_release_names_those_there_are(terminal: Terminal) -> None:
    releases.succeeded(terminal.cloud)

    assert f"there is no release r-no; the newest are {RELEASE}" in (
        terminal.wharf("logs", "r-no").stderr
    )


@pytest.mark.parametrize("time", ["yesterday", "10", "5w"])
def test_a_time_that_is_none_names_what_is_allowed(terminal: Terminal, time: str) -> None:
    result = terminal.wharf("logs", "--since", time)

    assert result.exit_code == 2
    assert f"'{time}' is neither a time ago, such as 90s, 10m, 2h or 3d" in result.stderr


def test_nothing_since_a_time_says_that(terminal: Terminal, plan: dict[str, Any]) -> None:
    whole(terminal.cloud, plan)

    result = terminal.wharf("logs", "--since", "5s")

    assert result.exit_code == 1
    assert f"{RELEASE} has written nothing since 2026-11-21 09:00:55 UTC" in result.stderr


def test_following_tells_each_line_once_and_the_last_ones_too(terminal: Terminal) -> None:
    execution = releases.training(terminal.cloud)
    stream = f"{releases.TRAINING['job']}/algo-1-1"

    def write(line: str, seconds: float) -> None:
        terminal.cloud.logs.write(TRAINING, stream, line, seconds=seconds)

    def end() -> None:
        execution.status, execution.stopped = "SUCCEEDED", START + timedelta(seconds=80)
        write("epoch 2", 75)

    write("epoch 1", 70)
    # The looks at the execution, and what had happened by then.
    terminal.cloud.stepfunctions.later = [lambda: None, end, lambda: write("saved", 79)]

    assert told(terminal, RELEASE, "--follow") == [
        "train: epoch 1",
        "train: epoch 2",
        "train: saved",
    ]


def test_following_a_release_waits_for_its_first_line(terminal: Terminal) -> None:
    execution = releases.training(terminal.cloud)

    def end() -> None:
        execution.status, execution.stopped = "SUCCEEDED", START + timedelta(seconds=80)
        stream = f"{releases.TRAINING['job']}/algo-1-1"
        terminal.cloud.logs.write(TRAINING, stream, "all at once", seconds=70)

    terminal.cloud.stepfunctions.later = [lambda: None, end]

    assert told(terminal, RELEASE, "--follow") == ["train: all at once"]


def test_a_server_is_followed_for_as_long_as_it_serves(
    terminal: Terminal, plan: dict[str, Any]
) -> None:
    whole(terminal.cloud, plan)
    serve(terminal.cloud, CONFIG)
    terminal.cloud.logs.write(ENDPOINT, "champion/i-1", "serving", seconds=40)
    terminal.cloud.stepfunctions.later = [
        *[lambda: None] * 4,
        lambda: terminal.cloud.logs.write(ENDPOINT, "champion/i-1", "asked", seconds=400),
        lambda: serve(terminal.cloud, f"oil-price-{OTHER}-config"),
    ]

    assert told(terminal, RELEASE, "--follow", "--step", "serve") == [
        "serve: serving",
        "serve: asked",
    ]


def test_ctrl_c_ends_following_without_a_word(terminal: Terminal) -> None:
    releases.training(terminal.cloud)

    def interrupt() -> None:
        raise KeyboardInterrupt

    terminal.cloud.stepfunctions.later = [lambda: None, interrupt]

    result = terminal.wharf("logs", RELEASE, "--follow")

    assert (result.exit_code, result.stderr) == (130, "")


def test_more_streams_than_one_call_takes_are_asked_for_in_turn() -> None:
    cloud = FakeCloud()
    cloud.logs.PAGE = 1000
    for number in range(230):
        cloud.logs.write(TRAINING, f"job/algo-{number}", f"line {number}")
    source = Source(Step.TRAIN, "train", TRAINING, "job/")

    assert len(LogReader(cloud.services()).read([source])) == 230
