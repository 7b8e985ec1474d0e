"""Lambda functions as processes: what goes in, what comes out, and what goes wrong."""

import base64
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from moto.awslambda.utils import get_backend

from modelwharf.laptop.overrides import as_shipped
from tests.unit.laptop.core.world import (
    ACCOUNT,
    REGION,
    World,
    allow,
    archive,
)
from tests.waiting import HUNG, until

ECHO = "def handler(event, context): return event"
WAITING = """
    import time, pathlib
    def handler(event, context):
        pathlib.Path(event["started"]).write_text(context.aws_request_id)
        while not pathlib.Path(event["go"]).exists():
            time.sleep(0.01)
        return "done"
"""


def test_a_function_answers_with_what_its_handler_returns(world: World) -> None:
    event = {"price": [1.5, None, "Öl"]}
    assert world.invoke(world.function(ECHO), event) == (None, event)


def test_a_second_call_finds_the_process_warm(world: World) -> None:
    name = world.function("""
        import os
        calls = []
        def handler(event, context):
            calls.append(event)
            return [os.getpid(), len(calls)]
    """)
    (_, (first, one)), (_, (second, two)) = world.invoke(name), world.invoke(name)
    assert (first, one, two) == (second, 1, 2)
    assert world.cloud.functions.pids(name) == [first]


def test_an_exception_comes_back_as_lambda_describes_it(world: World) -> None:
    name = world.function("""
        class QualityBelowThreshold(Exception): pass
        def handler(event, context): raise QualityBelowThreshold("skill is -0.2")
    """)
    error, payload = world.invoke(name)
    assert error == "Unhandled"
    assert payload["errorType"] == "QualityBelowThreshold"
    assert payload["errorMessage"] == "skill is -0.2"
    assert "in handler" in payload["stackTrace"][-1]


@pytest.mark.parametrize(
    ("source", "settings", "kind", "words"),
    [
        ("import nosuch", {}, "Runtime.ImportModuleError", "Unable to import module 'app'"),
        ("x = 1", {}, "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("1 / 0", {}, "ZeroDivisionError", "division"),
        ("def handler(e, c): return {1, 2}", {}, "Runtime.MarshalError", "not JSON serializable"),
        ("def handler(e, c): raise SystemExit(3)", {}, "Runtime.ExitError", "exit status 3"),
        (
            "import os\ndef handler(e, c): os.kill(os.getpid(), 9)",
            {},
            "Runtime.ExitError",
            "signal: 9",
        ),
        (
            "import time\ndef handler(e, c): time.sleep(60)",
            {"Timeout": 1},
            "Sandbox.Timedout",
            "Task timed out after 1.00 seconds",
        ),
    ],
)
def test_everything_that_ends_a_call_badly_has_the_name_that_lambda_gives_it(
    world: World, source: str, settings: dict[str, Any], kind: str, words: str
) -> None:
    error, payload = world.invoke(world.function(source, **settings))
    assert error == "Unhandled"
    assert payload["errorType"] == kind
    assert words in payload["errorMessage"]


def test_after_a_crash_the_next_call_gets_a_new_process(world: World) -> None:
    name = world.function("""
        import os
        def handler(event, context):
            if event == "die": os._exit(1)
            return os.getpid()
    """)
    _, before = world.invoke(name)
    assert world.invoke(name, "die")[1]["errorType"] == "Runtime.ExitError"
    _, after = world.invoke(name)
    assert after != before
    assert world.cloud.functions.pids(name) == [after]


def test_a_process_killed_between_two_calls_is_noticed(world: World) -> None:
    name = world.function("import os\ndef handler(event, context): return os.getpid()")
    _, pid = world.invoke(name)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{pid}/cmdline").exists() or _is_dead(pid))
    error, after = world.invoke(name)
    assert error is None
    assert after != pid


def _is_dead(pid: int) -> bool:
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()


def test_a_process_killed_in_the_middle_of_a_call_ends_that_call(
    world: World, tmp_path: Path
) -> None:
    name = world.function(WAITING)
    event = {"started": str(tmp_path / "started"), "go": str(tmp_path / "never")}
    answers: list[Any] = []
    call = threading.Thread(target=lambda: answers.append(world.invoke(name, event)))
    call.start()
    until((tmp_path / "started").exists)
    (pid,) = world.cloud.functions.pids(name)
    os.kill(pid, signal.SIGKILL)
    call.join(HUNG)
    assert answers[0][1]["errorType"] == "Runtime.ExitError"


def test_calls_at_the_same_time_run_in_processes_of_their_own(world: World, tmp_path: Path) -> None:
    name = world.function(WAITING)
    answers: list[Any] = []
    calls = [
        threading.Thread(target=lambda event=event: answers.append(world.invoke(name, event)))
        for event in (
            {"started": str(tmp_path / str(number)), "go": str(tmp_path / "go")}
            for number in range(3)
        )
    ]
    for call in calls:
        call.start()
    until(lambda: all((tmp_path / str(number)).exists() for number in range(3)))
    assert len(world.cloud.functions.pids(name)) == 3
    (tmp_path / "go").touch()
    for call in calls:
        call.join(HUNG)
    assert answers == [(None, "done")] * 3
    assert len(world.cloud.functions.pids(name)) == 2, "two stay warm"


def test_the_handler_has_the_context_and_the_environment_of_lambda(world: World) -> None:
    name = world.function(
        """
        import os
        def handler(event, context):
            return {
                "arn": context.invoked_function_arn,
                "name": context.function_name,
                "memory": context.memory_limit_in_mb,
                "remaining": context.get_remaining_time_in_millis(),
                "id": len(context.aws_request_id),
                "variables": {key: os.environ.get(key) for key in event},
            }
        """,
        MemorySize=256,
        Timeout=7,
        Environment={"Variables": {"WHARF_PROJECT": "oil"}},
    )
    wanted = ["WHARF_PROJECT", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "_HANDLER"]
    _, told = world.invoke(name, wanted)
    assert told["arn"] == world.arn(name)
    assert (told["name"], told["memory"], told["id"]) == (name, "256", 36)
    assert 0 < told["remaining"] <= 7000
    assert told["variables"] == {
        "WHARF_PROJECT": "oil",
        "AWS_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "_HANDLER": "app.handler",
    }


def test_the_function_calls_the_cloud_as_its_role(world: World) -> None:
    role = world.role(allow("ssm:DescribeParameters"))
    name = world.function(
        """
        import boto3
        def handler(event, context):
            ssm = boto3.client("ssm")
            ssm.describe_parameters()
            arn = boto3.client("sts").get_caller_identity()["Arn"]
            try:
                ssm.get_parameter(Name="/x")
            except ssm.exceptions.ClientError as error:
                return [arn, error.response["Error"]["Code"]]
        """,
        role=role,
    )
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rsplit('/', 1)[-1]}/{name}"
    assert world.invoke(name) == (None, [session, "AccessDeniedException"])


def test_code_that_the_archive_lacks_is_missing_even_if_it_is_checked_out_here(
    world: World,
) -> None:
    error, payload = world.invoke(world.function("from modelwharf import laptop"))
    assert error == "Unhandled"
    assert payload["errorMessage"].endswith("No module named 'modelwharf'")


def test_new_code_takes_effect_with_the_next_call(world: World) -> None:
    name = world.function(ECHO)
    world.invoke(name, 1)
    changed = archive({"app.py": "def handler(event, context): return 'new'"})
    world.client("lambda").update_function_code(FunctionName=name, ZipFile=changed)
    assert world.invoke(name, 1) == (None, "new")


def test_every_call_is_logged_as_lambda_frames_it(world: World) -> None:
    name = world.function("""
        import logging, sys
        def handler(event, context):
            print("printed")
            sys.stdout.write("written\\n")
            logging.warning("warned of %s", event)
            logging.info("not at this level")
    """)
    world.invoke(name, "frost")
    start, printed, written, warned, end, report = world.log(name)
    assert start.startswith("START RequestId: ")
    assert start.endswith("Version: $LATEST")
    assert (printed, written) == ("printed", "written")
    assert warned.startswith("[WARNING]\t")
    assert warned.endswith("\twarned of frost")
    assert end.startswith("END RequestId: ")
    assert "\tMemory Size: 128 MB\tMax Memory Used: " in report


def test_the_time_in_which_the_code_is_loaded_is_none_of_the_calls(world: World) -> None:
    name = world.function(
        "import time\ntime.sleep(1.5)\ndef handler(e, c): return c.get_remaining_time_in_millis()",
        Timeout=1,
    )
    error, left = world.invoke(name)
    assert error is None
    assert 0 < left <= 1000


def test_a_timeout_is_in_the_log(world: World) -> None:
    name = world.function("import time\ndef handler(e, c): time.sleep(60)", Timeout=1)
    world.invoke(name)
    assert any("Task timed out after 1.00 seconds" in line for line in world.log(name))


def test_invoke_returns_the_end_of_the_log_when_asked(world: World) -> None:
    name = world.function("def handler(event, context): print('hello')")
    answer = world.client("lambda").invoke(FunctionName=name, LogType="Tail")
    assert "hello" in base64.b64decode(answer["LogResult"]).decode()


FAILING = """
    import pathlib
    def handler(event, context):
        with pathlib.Path(event["calls"]).open("a") as file:
            file.write(context.aws_request_id + "\\n")
        if len(pathlib.Path(event["calls"]).read_text().split()) < event["succeed_at"]:
            raise ValueError("not yet")
"""


def _call_later(world: World, name: str, event: Any) -> None:
    answer = world.client("lambda").invoke(
        FunctionName=name, Payload=json.dumps(event), InvocationType="Event"
    )
    assert answer["StatusCode"] == 202


def test_an_asynchronous_call_is_tried_again_twice_under_one_request_id(
    world: World, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    name = world.function(FAILING)
    _call_later(world, name, {"calls": str(calls), "succeed_at": 3})
    until(lambda: calls.exists() and len(calls.read_text().split()) == 3)
    assert len(set(calls.read_text().split())) == 1


def test_an_asynchronous_call_that_is_lost_is_told_to_the_destination(
    world: World, tmp_path: Path
) -> None:
    queue = world.client("sqs").create_queue(QueueName="lost")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:lost"
    role = world.role(allow("sqs:SendMessage", arn))
    name = world.function(FAILING, role=role)
    world.client("lambda").put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    event = {"calls": str(tmp_path / "calls"), "succeed_at": 9}
    _call_later(world, name, event)

    def received() -> Any:
        return world.client("sqs").receive_message(QueueUrl=queue).get("Messages")

    report = json.loads(until(received)[0]["Body"])
    assert report["requestContext"]["condition"] == "RetriesExhausted"
    assert report["requestContext"]["approximateInvokeCount"] == 1
    assert report["requestPayload"] == event
    assert report["responsePayload"]["errorMessage"] == "not yet"
    assert len((tmp_path / "calls").read_text().split()) == 1


def test_an_asynchronous_call_answers_before_the_function_has_ended(
    world: World, tmp_path: Path
) -> None:
    name = world.function(WAITING)
    started, go = tmp_path / "started", tmp_path / "go"
    _call_later(world, name, {"started": str(started), "go": str(go)})
    until(started.exists)
    go.touch()
    until(lambda: any(line.startswith("REPORT") for line in world.log(name)))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_stock_moto_cannot_run_a_function_without_a_container_engine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")  # where no engine ever is
    name = world.function(ECHO)
    function = get_backend(ACCOUNT, REGION).get_function(name)
    headers: dict[str, str] = {}
    with as_shipped():
        answer = function.invoke("{}", {}, headers)
    assert "error running docker" in str(answer)
    assert world.invoke(name, {}) == (None, {})
