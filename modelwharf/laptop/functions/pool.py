"""Lambda: every function runs as a process with its role's own credentials.

Stock moto runs functions only in containers and answers an asynchronous invocation after the
function has ended. No policy applies to the credentials that it passes to the function.
"""

import base64
import contextlib
import json
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping

from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend

from modelwharf.laptop import iam, logs, metrics
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.functions.asynchronous_calls import Invocation, invoke_with_retries
from modelwharf.laptop.functions.process import Answer, Call, FunctionProcess
from modelwharf.laptop.overrides import replace

IDLE_PROCESSES = 2  # kept warm for each function
LOG_TAIL = 4096  # bytes of log that Invoke returns with LogType=Tail


def install(cloud: Cloud) -> None:
    """Run functions as processes in every place where moto invokes one."""
    functions = Functions(cloud)
    cloud.functions = functions

    def invoke(
        self: LambdaFunction,
        body: str,
        request_headers: Mapping[str, str],
        response_headers: dict[str, str],
    ) -> bytes:
        headers = {name.lower(): value for name, value in dict(request_headers).items()}
        # moto's own services call without headers, and do not wait for an answer.
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

    replace(LambdaFunction, "invoke", invoke)


class Functions:
    """The warm processes of all functions."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._idle: defaultdict[tuple[str, ...], list[FunctionProcess]] = defaultdict(list)
        self._all: set[FunctionProcess] = set()
        self._lock = threading.Lock()

    def pids(self, function_name: str) -> list[int]:
        """The ids of a function's processes, idle or busy."""
        with self._lock:
            return [process.pid for process in self._all if process.function_name == function_name]

    def invoke(self, function: LambdaFunction, body: str, request_id: str = "") -> Invocation:
        """Call the function and wait for it, for its timeout at most."""
        call = Call(request_id or str(uuid.uuid4()), body, float(function.timeout))
        process = self._take(function)
        started = time.monotonic()
        answer, lines = process.answer(call, function.function_arn)
        duration = (time.monotonic() - started) * 1000  # ms
        self._release(function, process)
        _measure(self._cloud, function, answer, duration)
        written = _lambda_log(function, call, answer, lines, duration)
        self._log(function, process.log_stream, written)
        return Invocation(answer.payload, answer.failed, "\n".join(written))

    def _log(self, function: LambdaFunction, stream: str, lines: list[str]) -> None:
        """Log with the function's role. Without permission the lines are lost; the call goes on."""
        group = str(function.logs_group_name)
        with contextlib.suppress(iam.AccessDenied, iam.UnknownPrincipal):
            logs.require_writing(
                self._cloud, function.role, str(function.function_name), group, stream
            )
            logs.put_lines(self._cloud, group, stream, lines)

    def invoke_later(self, function: LambdaFunction, body: str) -> None:
        """Call the function in the background. Retry twice when it fails."""
        if not self._cloud.stopping.is_set():
            self._cloud.workers.submit(
                invoke_with_retries, self._cloud, self.invoke, function, body
            )

    def invoke_for_service(self, arn: str, body: str, *, principal: str, source_arn: str) -> None:
        """Call a function for another service if its resource policy allows that service."""
        iam.require_service_access(
            self._cloud, principal, "lambda:InvokeFunction", arn, source_arn=source_arn
        )
        backend = get_backend(self._cloud.account, self._cloud.region)
        self.invoke_later(backend.get_function(arn), body)

    def _take(self, function: LambdaFunction) -> FunctionProcess:
        key = _key(function)
        while True:
            with self._lock:
                process = self._idle[key].pop() if self._idle[key] else None
            if process is None:
                return self._start(function)
            if process.alive() and process.fresh(float(function.timeout)):
                return process
            self._discard(process)

    def _start(self, function: LambdaFunction) -> FunctionProcess:
        process = FunctionProcess(self._cloud, function)
        with self._lock:
            self._all.add(process)
        return process

    def _release(self, function: LambdaFunction, process: FunctionProcess) -> None:
        with self._lock:
            idle = self._idle[_key(function)]
            if process.alive() and len(idle) < IDLE_PROCESSES:
                idle.append(process)
                return
        self._discard(process)

    def _discard(self, process: FunctionProcess) -> None:
        process.stop()
        with self._lock:
            self._all.discard(process)


def _measure(cloud: Cloud, function: LambdaFunction, answer: Answer, duration: float) -> None:
    """Publish Lambda's metrics of a call (developer guide, "Using CloudWatch metrics")."""
    values = {
        ("Invocations", "Count"): 1.0,
        ("Errors", "Count"): float(answer.failed),
        ("Duration", "Milliseconds"): duration,
    }
    metrics.add(cloud, "AWS/Lambda", {"FunctionName": str(function.function_name)}, values)


def _key(function: LambdaFunction) -> tuple[str, ...]:
    """The key that interchangeable processes share. A changed function gets new processes."""
    return (
        function.function_arn,
        function.code_sha_256,
        str(function.handler),
        str(function.role),
        str(function.memory_size),
        json.dumps(function.environment_vars, sort_keys=True, default=str),
    )


def _lambda_log(
    function: LambdaFunction, call: Call, answer: Answer, lines: list[str], duration: float
) -> list[str]:
    """The call's lines in Lambda's frame. ``duration`` is in milliseconds."""
    return [
        f"START RequestId: {call.request_id} Version: $LATEST",
        *lines,
        *_last_lines(answer),
        f"END RequestId: {call.request_id}",
        f"REPORT RequestId: {call.request_id}\tDuration: {duration:.2f} ms\t"
        f"Billed Duration: {int(duration) + 1} ms\tMemory Size: {function.memory_size} MB\t"
        f"Max Memory Used: {answer.memory} MB",
    ]


def _last_lines(answer: Answer) -> list[str]:
    """The platform's log lines for a process that could not log its own end."""
    if not answer.failed:
        return []
    error = json.loads(answer.payload)
    spoken = error["errorType"] in ("Sandbox.Timedout", "Runtime.ExitError")
    return [error["errorMessage"]] if spoken else []
