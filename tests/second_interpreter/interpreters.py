"""Two interpreters that run the same paths: the laptop's, and MiniStack's."""

import copy
import io
import json
import os
import re
import socket
import subprocess
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from tests.second_interpreter.functions import PATH, PROGRAM, RUNTIME, TOKEN, Functions, serve
from tests.second_interpreter.journey import Journey, journey
from tests.second_interpreter.paths import RETRIES, MachinePath, Raises, tasks, waits
from tests.unit.laptop.stepfunctions.world import ENDED, serving
from tests.waiting import HUNG, until

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("WHARF_MINISTACK_PYTHON", str(ROOT / ".second-interpreter/bin/python"))
LONG, SHORT = 90, 2  # seconds that a waiting task may take; SHORT where nobody answers
DEADLINE = 180.0  # seconds for one path beside programs that burn both cores
RUNS = 6  # see differences.BRANCHES_SHARE_THE_TOKEN
FUNCTION_TIMEOUT = 10  # seconds
PLACEHOLDER = re.compile(r"^\$\{\w+FunctionArn\}$")


class Interpreter:
    """One of them. ``arns``: Task → the ARN of the function that stands for it there;
    ``raising`` the same for the paths on which that function raises."""

    def __init__(
        self,
        machine: Mapping[str, Any],
        states: Any,
        functions: Functions,
        arns: Mapping[str, str],
        raising: Mapping[str, str],
        role: str,
        *,
        knows_timeout_paths: bool,
    ) -> None:
        self._machine, self._states, self.functions = machine, states, functions
        self._arns, self._raising, self._role = arns, raising, role
        self._knows_timeout_paths = knows_timeout_paths

    def run(self, case: MachinePath) -> Journey:
        """Take the path. Raises AssertionError when the execution does not end in time."""
        for _ in range(RUNS):
            found = self._run(case)
            if found:
                return found
        raise AssertionError(f"{case.name}: tokens were lost in {RUNS} runs")

    def _run(self, case: MachinePath) -> Journey | None:
        name = f"path-{uuid.uuid4().hex[:12]}"
        self.functions.expect(name, case)
        definition, document = self._prepared(case, name)
        made = self._states.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=self._role
        )
        begun = self._states.start_execution(
            stateMachineArn=made["stateMachineArn"], input=json.dumps(document)
        )
        arn = begun["executionArn"]

        def ended() -> Any:
            if name in self.functions.lost:
                return {"status": "LOST"}
            found = self._states.describe_execution(executionArn=arn)
            return found if found["status"] in ENDED else None

        execution = until(ended, f"the end of {case.name}", seconds=DEADLINE)
        if execution["status"] == "LOST":
            self._states.stop_execution(executionArn=arn)
            return None
        pages = self._states.get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event for page in pages for event in page["events"]]
        text = json.dumps([execution, events], default=str).replace(name, "r")
        execution, events = json.loads(text)
        if not self._knows_timeout_paths and _lost_call(case, events):
            return None
        calls = self.functions.calls[name]
        return journey(self._machine, execution, events, calls)

    def _arn(self, task: str, state: Mapping[str, Any], case: MachinePath) -> str:
        raises = any(isinstance(deed, Raises) for deed in case.deeds.get(task, ()))
        return (self._raising if raises and not waits(state) else self._arns)[task]

    def _prepared(self, case: MachinePath, name: str) -> tuple[Any, dict[str, Any]]:
        """The committed definition with this interpreter's functions, short waits and few retries,
        and the document that the path begins with."""
        definition = copy.deepcopy(dict(self._machine))
        document: dict[str, Any] = {PATH: name}
        for path, value in case.values.items():
            _put(document, path, value)
        for task, state, _ in tasks(definition):
            assert PLACEHOLDER.match(state["Parameters"]["FunctionName"]), task
            state["Parameters"]["FunctionName"] = self._arn(task, state, case)
            for retrier in state.get("Retry", []):
                retrier["IntervalSeconds"], retrier["BackoffRate"] = 1, 1.0
                retrier["MaxAttempts"] = min(retrier.get("MaxAttempts", 3), RETRIES)
            if not waits(state):
                continue
            assert state["Parameters"]["Payload"].get(f"{TOKEN}.$") == "$$.Task.Token", task
            limit = SHORT if task in case.silent() else LONG
            timeout: str | None = state.get("TimeoutSecondsPath")
            if timeout:
                _put(document, timeout, min(limit, _get(document, timeout) or limit))
            if timeout is None or not self._knows_timeout_paths:
                state.pop("TimeoutSecondsPath", None)
                state["TimeoutSeconds"] = limit
        return definition, document


def _lost_call(case: MachinePath, events: list[Any]) -> bool:
    """Whether a task failed otherwise than the path says (CALLS_OF_A_RUNTIME_ARE_LOST)."""
    meant = {getattr(deed, "error", "") for deeds in case.deeds.values() for deed in deeds}
    seen = {event.get("taskFailedEventDetails", {}).get("error") for event in events}
    return bool(seen - meant - {None, "States.Timeout"})


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    *folders, last = path.removeprefix("$.").split(".")
    for folder in folders:
        document = document.setdefault(folder, {})
    document[last] = value


def _get(document: Any, path: str) -> Any:
    for part in path.removeprefix("$.").split("."):
        document = document.get(part, {})
    return document or None


@contextmanager
def laptop(machine: Mapping[str, Any], directory: Path) -> Iterator[Interpreter]:
    """moto's interpreter with what modelwharf/laptop/stepfunctions makes of it."""
    with serving(directory) as world:
        functions = Functions(world.states, send_errors=False)
        arns = {name: world.function(functions.handler(name)) for name, _, _ in tasks(machine)}
        yield Interpreter(
            machine, world.states, functions, arns, arns, world.role, knows_timeout_paths=True
        )


@contextmanager
def ministack(machine: Mapping[str, Any], directory: Path) -> Iterator[Interpreter]:
    """MiniStack, in a process and an environment of its own, on a free port of loopback."""
    assert Path(PYTHON).exists(), f"there is no {PYTHON}: make test-second-interpreter makes it"
    port = _free_port()
    log = directory / "ministack.log"
    environment = {
        "PATH": os.environ["PATH"],
        "BIND_HOST": "127.0.0.1",  # by default it listens on all addresses
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",  # a second port otherwise
        "MINISTACK_REGION": "eu-west-1",
        "TMPDIR": str(directory),
    }
    with log.open("wb") as output:
        child = subprocess.Popen(
            [PYTHON, "-m", "ministack"],
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until(lambda: _answers(port, child, log), "MiniStack's start")
        client = _clients(f"http://127.0.0.1:{port}")
        states = client("stepfunctions")
        functions = Functions(states, send_errors=True)
        server = serve(functions)
        role = "arn:aws:iam::000000000000:role/machine"
        url = f"http://127.0.0.1:{server.server_port}"
        make = _maker(client("lambda"), url, role)
        arns, raising = (
            {name: make(name, own_runtime) for name, _, _ in tasks(machine)}
            for own_runtime in (False, True)
        )
        yield Interpreter(
            machine, states, functions, arns, raising, role, knows_timeout_paths=False
        )
        server.shutdown()
        server.server_close()
    finally:
        os.killpg(child.pid, 15)  # its functions are its children
        child.wait(HUNG)


def _maker(client: Any, url: str, role: str) -> Callable[[str, bool], str]:
    """Makes the function of a state, as a Python handler or with a runtime of its own."""

    def make(state: str, own_runtime: bool) -> str:
        words = {"state": state, "url": url, "python": PYTHON}
        if own_runtime:
            code = archive({"bootstrap": RUNTIME.format(**words)}, mode=0o755)
        else:
            code = archive({"handler.py": PROGRAM.format(**words)})
        made = client.create_function(
            FunctionName=f"{state}-raises" if own_runtime else state,
            Runtime="provided.al2023" if own_runtime else "python3.12",
            Role=role,
            Handler="handler.handler",
            Code={"ZipFile": code},
            Timeout=FUNCTION_TIMEOUT,
        )
        return str(made["FunctionArn"])

    return make


def _clients(url: str) -> Callable[[str], Any]:
    session = boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1"
    )
    return lambda service: session.client(service, endpoint_url=url)  # type: ignore[call-overload]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, child: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert child.poll() is None, log.read_text(errors="replace")[-2000:]
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def archive(files: Mapping[str, str], mode: int = 0o644) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            bundle.writestr(entry, text)
    return target.getvalue()
