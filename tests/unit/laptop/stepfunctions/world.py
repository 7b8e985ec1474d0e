"""A moto server with our Step Functions on it, and functions whose answers a test scripts."""

import json
import logging
import queue
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaFunction
from moto.server import ThreadedMotoServer

from modelwharf.laptop import stepfunctions
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace, stock
from tests.unit.laptop.core.world import archive
from tests.waiting import HUNG, until

ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")

Event = dict[str, Any]
Handler = Callable[[Event], Any]


class FunctionError(Exception):
    """What a function raises; ``kind`` is its errorType, None leaves that out."""

    def __init__(self, kind: str | None, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    def payload(self) -> str:
        named = {"errorType": self.kind} if self.kind else {}
        return json.dumps({**named, "errorMessage": str(self)})


@dataclass
class ScriptedFunctions:
    """Lambda without containers: a function is a Python callable that a test hands in."""

    handlers: dict[str, Handler] = field(default_factory=dict)

    def install(self) -> None:
        def invoke(function: LambdaFunction, event: Event | None = None) -> tuple[str, bool, str]:
            return self.call(function.function_name, event or {})

        # Another cloud of this process may have put its own in place.
        replace(LambdaFunction, "invoke", stock(LambdaFunction, "invoke"))
        replace(LambdaFunction, "_invoke_lambda", invoke)

    def call(self, name: str, event: Event) -> tuple[str, bool, str]:
        try:
            return json.dumps(self.handlers[name](event)), False, ""
        except FunctionError as error:
            return error.payload(), True, ""


class World:
    """One cloud; every machine and function in it has a name of its own."""

    def __init__(self, directory: Path, url: str) -> None:
        self.cloud = Cloud(directory=directory, url=url, region="eu-west-1")
        self.events: list[dict[str, Any]] = []
        self.cloud.emit = self._record
        self.functions = ScriptedFunctions()
        self.functions.install()
        stepfunctions.install(self.cloud)
        self.states = self.cloud.client("stepfunctions")
        self.role_name = f"machine-{uuid.uuid4().hex[:12]}"
        self.role = self._make_role()

    def _record(self, source: str, detail_type: str, detail: Any, resources: Any) -> None:
        self.events.append({"source": source, "detail-type": detail_type, **detail})

    def _make_role(self) -> str:
        trust = {"Version": "2012-10-17", "Statement": []}
        made = self.cloud.client("iam").create_role(
            RoleName=self.role_name, AssumeRolePolicyDocument=json.dumps(trust)
        )
        return str(made["Role"]["Arn"])

    def function(self, handler: Handler) -> str:
        """Make a function; return its ARN."""
        name = f"f-{uuid.uuid4().hex[:12]}"
        self.functions.handlers[name] = handler
        made = self.cloud.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=self.role,
            Handler="handler.handler",
            Code={"ZipFile": archive({"handler.py": ""})},
        )
        return str(made["FunctionArn"])

    def machine(self, states: Mapping[str, Any] | str, start: str | None = None) -> str:
        """Make a machine of these states, or of a whole definition; return its ARN."""
        definition = (
            states
            if isinstance(states, str)
            else json.dumps({"StartAt": start or next(iter(states)), "States": states})
        )
        made = self.states.create_state_machine(
            name=f"m-{uuid.uuid4().hex[:12]}", definition=definition, roleArn=self.role
        )
        return str(made["stateMachineArn"])

    def start(self, machine: str, document: Any = None, **options: Any) -> str:
        """Start an execution; return its ARN."""
        begun = self.states.start_execution(
            stateMachineArn=machine, input=json.dumps(document or {}), **options
        )
        return str(begun["executionArn"])

    def run(self, states: Mapping[str, Any] | str, document: Any = None) -> dict[str, Any]:
        """Run a machine to its end; return its description."""
        return self.end_of(self.start(self.machine(states), document))

    def end_of(self, execution: str) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            return found if found["status"] in ENDED else None

        return until(ended)

    def history(self, execution: str) -> list[dict[str, Any]]:
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [event for page in pages for event in page["events"]]

    def statuses(self, execution: str) -> list[str]:
        return [event["status"] for event in self.events if event["executionArn"] == execution]


class Inbox:
    """A function that starts a job and returns: its events wait here for the test to take."""

    def __init__(self) -> None:
        self._events: queue.Queue[Event] = queue.Queue()

    def __call__(self, event: Event) -> None:
        self._events.put(event)

    def take(self) -> Event:
        return self._events.get(timeout=HUNG)

    def token(self) -> str:
        return str(self.take()["task_token"])


class Gate:
    """A function that does not return before the test lets it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.answered = threading.Event()
        self._opened = threading.Event()

    def __call__(self, event: Event) -> Event:
        self.entered.set()
        assert self._opened.wait(HUNG)
        self.answered.set()
        return event

    def open(self) -> None:
        self._opened.set()


def call(function: str, **fields: Any) -> dict[str, Any]:
    """A Task state that calls the function with the whole document."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        **ending(fields),
    }


def wait_for(function: str, **fields: Any) -> dict[str, Any]:
    """A Task state that waits for its token."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": function,
            "Payload": {"task_token.$": "$$.Task.Token", "document.$": "$"},
        },
        **ending(fields),
    }


def ending(fields: dict[str, Any]) -> dict[str, Any]:
    return fields if "Next" in fields else {**fields, "End": True}


@contextmanager
def serving(directory: Path) -> Iterator[World]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield World(directory, f"http://{host}:{port}")
    finally:
        server.stop()


def error_of(failure: pytest.ExceptionInfo[ClientError]) -> str:
    return str(failure.value.response["Error"]["Code"])
