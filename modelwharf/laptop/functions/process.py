"""One process of a Lambda function: it has loaded the handler and answers call after call."""

import base64
import contextlib
import io
import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction

from modelwharf.laptop.base_registry import base_registry_url
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.functions import runtime

CREDENTIAL_LIFE = 3600.0  # seconds, what Cloud.credentials asks for
BASE_REGISTRY = "WHARF_BASE_REGISTRY"
LOADING = 60.0
"""The time limit for loading the code, in seconds. It does not count towards a call's timeout.
Lambda allows 10 s, then starts again within the function's timeout (developer guide, "Understanding
the Lambda execution environment lifecycle"). A laptop may be busy.
"""
END_OF_LOG = 5.0  # seconds; a grandchild may keep the log open, and the caller must not wait


@dataclass(frozen=True)
class Call:
    """One call: ``body`` is the event as JSON, ``timeout`` is in seconds."""

    request_id: str
    body: str
    timeout: float


@dataclass(frozen=True)
class Answer:
    """The result of a call: the handler's result or the error, as JSON. ``memory`` is in MB."""

    payload: str
    failed: bool
    memory: int = 0


class FunctionProcess:
    """One process that has loaded a function's handler."""

    def __init__(self, cloud: Cloud, function: LambdaFunction) -> None:
        self._cloud = cloud
        self.function_name = str(function.function_name)
        self.log_stream = _new_log_stream()
        self._expires = time.monotonic() + CREDENTIAL_LIFE
        self._loaded = False
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._child = cloud.processes.start(
            # The runtime ignores this argument. It shows the name in the list of processes.
            [sys.executable, "-u", runtime.__file__, self.function_name],
            environment=_environment(cloud, function, self.log_stream),
            directory=unpacked(cloud, function),
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.pid = self._child.pid
        self._input: Any = self._child.stdin
        for stream, target in (
            (self._child.stdout, self._answers),
            (self._child.stderr, self._lines),
        ):
            threading.Thread(target=_drain, args=(stream, target), daemon=True).start()

    def alive(self) -> bool:
        return self._child.poll() is None

    def fresh(self, timeout: float) -> bool:
        """Whether the credentials stay valid for a call of ``timeout`` seconds."""
        return self._expires - time.monotonic() > timeout + 60

    def answer(self, call: Call, function_arn: str) -> tuple[Answer, list[str]]:
        """The handler's answer, and the lines that it logged."""
        try:
            line = self._ask(call, function_arn) if self._load(call) else None
        except BrokenPipeError:
            line = None
        except queue.Empty:
            self.stop()
            return _timed_out(call), self._logged(call)
        if line is None:
            return _exited(call, self._child.wait()), self._logged(call)
        return _answered(json.loads(line)), self._logged(call)

    def _load(self, call: Call) -> bool:
        """Wait until the code is loaded; False when the process ended first."""
        if not self._loaded:
            self._loaded = self._answers.get(timeout=LOADING + call.timeout) is not None
        return self._loaded

    def _ask(self, call: Call, function_arn: str) -> str | None:
        message = {
            "event": json.loads(call.body),
            "request_id": call.request_id,
            "function_arn": function_arn,
            "deadline": time.time() + call.timeout,
        }
        self._input.write(json.dumps(message) + "\n")
        self._input.flush()
        return self._answers.get(timeout=call.timeout)

    def _logged(self, call: Call) -> list[str]:
        """The lines up to this call's end mark, or all lines when the process has ended."""
        lines: list[str] = []
        mark = f"\0{call.request_id}"
        with contextlib.suppress(queue.Empty):
            while (line := self._lines.get(timeout=END_OF_LOG)) not in (None, mark):
                lines.append(str(line))
        return lines

    def stop(self) -> None:
        self._cloud.processes.stop(self._child, grace=0.5)


def _drain(stream: Any, target: "queue.Queue[str | None]") -> None:
    with stream:
        for line in stream:
            target.put(line.rstrip("\n"))
    target.put(None)


def _answered(answer: Mapping[str, Any]) -> Answer:
    failed = "error" in answer
    payload = json.dumps(answer["error"]) if failed else answer["result"]
    return Answer(payload, failed, answer["memory"])


def _timed_out(call: Call) -> Answer:
    text = f"RequestId: {call.request_id} Error: Task timed out after {call.timeout:.2f} seconds"
    return _failure("Sandbox.Timedout", text)


def _exited(call: Call, code: int) -> Answer:
    reason = f"signal: {-code}" if code < 0 else f"exit status {code}"
    how = f"with error: {reason}" if code else "without providing a reason"
    text = f"RequestId: {call.request_id} Error: Runtime exited {how}"
    return _failure("Runtime.ExitError", text)


def _failure(kind: str, message: str) -> Answer:
    return Answer(json.dumps({"errorType": kind, "errorMessage": message}), failed=True)


def _new_log_stream() -> str:
    return f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"


def _environment(cloud: Cloud, function: LambdaFunction, log_stream: str) -> dict[str, str]:
    name = str(function.function_name)
    variables = {key: str(value) for key, value in function.environment_vars.items()}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(cloud.directory),
        "TZ": ":UTC",
        **variables,
        **cloud.environment(function.role, name),
        # Builds start from the engine's base image here, not from the registry's.
        BASE_REGISTRY: base_registry_url(cloud),
        "_HANDLER": str(function.handler),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": str(function.logs_group_name),
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "LAMBDA_TASK_ROOT": str(unpacked(cloud, function)),
    }


_unpacking = threading.Lock()


def unpacked(cloud: Cloud, function: LambdaFunction) -> Path:
    """The folder of the function's code. Functions with the same archive share it."""
    digest = base64.b64decode(function.code_sha_256).hex()
    folder = cloud.directory / "functions" / digest
    with _unpacking:
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(partial)
            partial.rename(folder)
    return folder
