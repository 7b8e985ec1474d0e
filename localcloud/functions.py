"""Lambda: every function runs as a process of its own, with its role's own credentials.

Stock moto runs functions in containers only, answers an asynchronous invocation after the
function has ended, and gives it credentials that no policy stands behind.
"""

import base64
import contextlib
import io
import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend

from localcloud import function_runtime, iam, logs
from localcloud.cloud import Cloud
from localcloud.overrides import stock

log = logging.getLogger(__name__)

RETRY_DELAYS = (1.0, 2.0)  # seconds; AWS waits one minute, then two
CREDENTIAL_LIFE = 3600.0  # seconds, what Cloud.credentials asks for
IDLE_PROCESSES = 2  # kept warm for each function
LOG_TAIL = 4096  # bytes of log that Invoke returns with LogType=Tail


@dataclass(frozen=True)
class AsynchronousCalls:
    """What a function's event invoke configuration says of calls that nobody waits for."""

    retries: int = len(RETRY_DELAYS)
    on_failure: str | None = None
    """The ARN that hears of a call that no retry could save."""

    @classmethod
    def of(cls, function: LambdaFunction) -> Self:
        """The function's own settings, or Lambda's defaults."""
        if not function.event_invoke_config:
            return cls()
        config = function.event_invoke_config[0].config
        destination = config.get("DestinationConfig", {}).get("OnFailure", {})
        return cls(
            retries=int(config.get("MaximumRetryAttempts", cls.retries)),
            on_failure=destination.get("Destination"),
        )


@dataclass(frozen=True)
class Invocation:
    """How a call ended. ``payload`` is JSON: the handler's result, or the error's description."""

    payload: str
    failed: bool
    log: str


def install(cloud: Cloud) -> None:
    """Run functions as processes wherever moto would invoke one."""
    functions = Functions(cloud)
    cloud.functions = functions
    stock(LambdaFunction, "invoke")

    def invoke(
        self: LambdaFunction,
        body: str,
        request_headers: Mapping[str, str],
        response_headers: dict[str, str],
    ) -> bytes:
        headers = {name.lower(): value for name, value in dict(request_headers).items()}
        # moto's own services call without headers, and none of them waits for an answer.
        kind = headers.get("x-amz-invocation-type", "RequestResponse" if headers else "Event")
        if kind == "DryRun":
            return b""
        if kind == "Event":
            functions.invoke_later(self, body or "{}")
            return b""
        invocation = functions.invoke(self, body or "{}")
        if invocation.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        tail = invocation.log.encode()[-LOG_TAIL:]
        response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
        return invocation.payload.encode()

    LambdaFunction.invoke = invoke  # type: ignore[method-assign]


class Functions:
    """The warm processes of all functions."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._idle: defaultdict[tuple[str, ...], list[_Process]] = defaultdict(list)
        self._all: set[_Process] = set()
        self._lock = threading.Lock()

    def pids(self, function_name: str) -> list[int]:
        """The processes of a function, idle or at work."""
        with self._lock:
            return [process.pid for process in self._all if process.function_name == function_name]

    def invoke(self, function: LambdaFunction, body: str, request_id: str = "") -> Invocation:
        """Call the function and wait for it, at most as long as its timeout."""
        call = _Call(request_id or str(uuid.uuid4()), body, float(function.timeout))
        process = self._take(function)
        started = time.monotonic()
        answer, lines = process.answer(call, function.function_arn)
        duration = (time.monotonic() - started) * 1000  # ms
        self._release(function, process)
        written = _lambda_log(function, call, answer, lines, duration)
        logs.put_lines(self._cloud, function.logs_group_name, process.log_stream, written)
        return Invocation(answer.payload, answer.failed, "\n".join(written))

    def invoke_later(self, function: LambdaFunction, body: str) -> None:
        """Call the function in the background, again twice when it fails."""
        if not self._cloud.stopping.is_set():
            self._cloud.workers.submit(self._invoke_with_retries, function, body)

    def _invoke_with_retries(self, function: LambdaFunction, body: str) -> None:
        request_id = str(uuid.uuid4())  # the same for every try, as in AWS
        settings = AsynchronousCalls.of(function)
        delays = RETRY_DELAYS[: settings.retries]
        for delay in (*delays, None):
            invocation = self.invoke(function, body, request_id)
            if not invocation.failed:
                return
            if delay is None:
                break
            log.warning(
                "asynchronous call %s of %s failed; tried again in %g s (AWS waits minutes)",
                request_id, function.function_name, delay,
            )  # fmt: skip
            if self._cloud.stopping.wait(delay):
                return
        log.error(
            "asynchronous call %s of %s failed for good: %s",
            request_id, function.function_name, invocation.payload,
        )  # fmt: skip
        if settings.on_failure:
            tries = len(delays) + 1
            report = _lost_call(function, request_id, body, invocation, tries)
            _tell(self._cloud, function, settings.on_failure, report)

    def invoke_for_service(self, arn: str, body: str, *, principal: str, source_arn: str) -> None:
        """Call a function for another service, if its resource policy lets that service."""
        iam.require_service_access(
            self._cloud, principal, "lambda:InvokeFunction", arn, source_arn=source_arn
        )
        backend = get_backend(self._cloud.account, self._cloud.region)
        self.invoke_later(backend.get_function(arn), body)

    def _take(self, function: LambdaFunction) -> "_Process":
        key = _key(function)
        while True:
            with self._lock:
                process = self._idle[key].pop() if self._idle[key] else None
            if process is None:
                return self._start(function)
            if process.alive() and process.fresh(float(function.timeout)):
                return process
            self._discard(process)

    def _start(self, function: LambdaFunction) -> "_Process":
        process = _Process(self._cloud, function)
        with self._lock:
            self._all.add(process)
        return process

    def _release(self, function: LambdaFunction, process: "_Process") -> None:
        with self._lock:
            idle = self._idle[_key(function)]
            if process.alive() and len(idle) < IDLE_PROCESSES:
                idle.append(process)
                return
        self._discard(process)

    def _discard(self, process: "_Process") -> None:
        process.stop()
        with self._lock:
            self._all.discard(process)


def _lost_call(
    function: LambdaFunction, request_id: str, body: str, invocation: Invocation, tries: int
) -> dict[str, Any]:
    """The record that Lambda sends to an on-failure destination."""
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{function.function_arn}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": tries,
        },
        "requestPayload": json.loads(body),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": json.loads(invocation.payload),
    }


def _tell(
    cloud: Cloud, function: LambdaFunction, destination: str, report: Mapping[str, Any]
) -> None:
    """Send the record as the function's own role: it needs the permission to."""
    text = json.dumps(report)
    service = destination.split(":")[2]
    session = str(function.function_name)
    client = cloud.client(service, role=function.role, session=session)
    try:
        if service == "sns":
            client.publish(TopicArn=destination, Message=text)
        else:
            name = destination.rsplit(":", 1)[-1]
            url = client.get_queue_url(QueueName=name)["QueueUrl"]
            client.send_message(QueueUrl=url, MessageBody=text)
    except ClientError as error:
        log.error("the lost call of %s could not be told to %s: %s", session, destination, error)


def _key(function: LambdaFunction) -> tuple[str, ...]:
    """What makes two processes interchangeable: a changed function gets new ones."""
    return (
        function.function_arn,
        function.code_sha_256,
        str(function.handler),
        str(function.role),
        str(function.memory_size),
        json.dumps(function.environment_vars, sort_keys=True, default=str),
    )


@dataclass(frozen=True)
class _Call:
    request_id: str
    body: str
    timeout: float  # seconds


@dataclass(frozen=True)
class _Answer:
    payload: str
    failed: bool
    memory: int = 0  # MB


class _Process:
    """One process that has loaded a function's handler."""

    def __init__(self, cloud: Cloud, function: LambdaFunction) -> None:
        self._cloud = cloud
        self.function_name = str(function.function_name)
        self.log_stream = _new_log_stream()
        self._expires = time.monotonic() + CREDENTIAL_LIFE
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._child = cloud.processes.start(
            [sys.executable, "-u", function_runtime.__file__],
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
        """Whether the credentials outlast a call of ``timeout`` seconds."""
        return self._expires - time.monotonic() > timeout + 60

    def answer(self, call: _Call, function_arn: str) -> tuple[_Answer, list[str]]:
        """The handler's answer, and the lines that it logged."""
        message = {
            "event": json.loads(call.body),
            "request_id": call.request_id,
            "function_arn": function_arn,
            "deadline": time.time() + call.timeout,
        }
        try:
            self._input.write(json.dumps(message) + "\n")
            self._input.flush()
            line = self._answers.get(timeout=call.timeout)
        except BrokenPipeError:
            line = None
        except queue.Empty:
            self.stop()
            return _timed_out(call), self._logged(call)
        if line is None:
            return _exited(call, self._child.wait()), self._logged(call)
        return _answered(json.loads(line)), self._logged(call)

    def _logged(self, call: _Call) -> list[str]:
        """Lines up to this call's end mark, or all when the process has ended."""
        lines: list[str] = []
        mark = f"\0{call.request_id}"
        # A grandchild that keeps the log open must not keep the caller waiting.
        with contextlib.suppress(queue.Empty):
            while (line := self._lines.get(timeout=5.0)) not in (None, mark):
                lines.append(str(line))
        return lines

    def stop(self) -> None:
        self._cloud.processes.stop(self._child, grace=0.5)


def _drain(stream: Any, target: "queue.Queue[str | None]") -> None:
    with stream:
        for line in stream:
            target.put(line.rstrip("\n"))
    target.put(None)


def _answered(answer: Mapping[str, Any]) -> _Answer:
    failed = "error" in answer
    payload = json.dumps(answer["error"]) if failed else answer["result"]
    return _Answer(payload, failed, answer["memory"])


def _timed_out(call: _Call) -> _Answer:
    text = f"RequestId: {call.request_id} Error: Task timed out after {call.timeout:.2f} seconds"
    return _failure("Sandbox.Timedout", text)


def _exited(call: _Call, code: int) -> _Answer:
    reason = f"signal: {-code}" if code < 0 else f"exit status {code}"
    how = f"with error: {reason}" if code else "without providing a reason"
    text = f"RequestId: {call.request_id} Error: Runtime exited {how}"
    return _failure("Runtime.ExitError", text)


def _failure(kind: str, message: str) -> _Answer:
    return _Answer(json.dumps({"errorType": kind, "errorMessage": message}), failed=True)


def _lambda_log(
    function: LambdaFunction, call: _Call, answer: _Answer, lines: list[str], duration: float
) -> list[str]:
    """The call's lines as Lambda frames them; ``duration`` is in milliseconds."""
    return [
        f"START RequestId: {call.request_id} Version: $LATEST",
        *lines,
        *_last_words(answer),
        f"END RequestId: {call.request_id}",
        f"REPORT RequestId: {call.request_id}\tDuration: {duration:.2f} ms\t"
        f"Billed Duration: {int(duration) + 1} ms\tMemory Size: {function.memory_size} MB\t"
        f"Max Memory Used: {answer.memory} MB",
    ]


def _last_words(answer: _Answer) -> list[str]:
    """What the platform logs when the process could not log its own end."""
    if not answer.failed:
        return []
    error = json.loads(answer.payload)
    spoken = error["errorType"] in ("Sandbox.Timedout", "Runtime.ExitError")
    return [error["errorMessage"]] if spoken else []


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
    """The folder of the function's code; functions of one archive share it."""
    digest = base64.b64decode(function.code_sha_256).hex()
    folder = cloud.directory / "functions" / digest
    with _unpacking:
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
                archive.extractall(partial)
            partial.rename(folder)
    return folder
