"""The program inside a Lambda process: loads the handler once, then answers calls one by one.

It runs as a script in the folder of the unpacked code. It imports only the standard library, so
that the code finds the modules of its own archive. Calls arrive as JSON lines on standard input,
answers leave as JSON lines on standard output. The first line of output says that the handler is
loaded. The handler's own output goes to standard error, where ``\\0<request id>`` ends the lines
of each call.
"""

import importlib
import json
import logging
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

Handler = Callable[[Any, "Context"], Any]


class Context:
    """The context: the second argument that Lambda's runtime for Python passes to a handler."""

    identity = None
    client_context = None

    def __init__(self, call: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn: str = call["function_arn"]
        self.aws_request_id: str = call["request_id"]
        self._deadline: float = call["deadline"]  # seconds since the epoch

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


def main() -> None:
    answers = _private_output()
    logs = _lambda_logging()
    _only_the_archive_and_site_packages()
    handler = _load(os.environ["_HANDLER"])
    answers.write("loaded\n")
    for line in sys.stdin:
        call = json.loads(line)
        logs.request_id = call["request_id"]
        answer = handler if isinstance(handler, dict) else _answer(handler, call)
        answer["memory"] = _peak_memory()
        sys.stderr.write(f"\0{call['request_id']}\n")
        sys.stderr.flush()
        answers.write(json.dumps(answer) + "\n")


def _peak_memory() -> int:
    """The peak resident memory, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage may report the higher peak of the starting process
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _private_output() -> TextIO:
    """Reserve standard output for answers. Everything else that writes there goes to the log."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


class _LambdaHandler(logging.StreamHandler[Any]):
    """Lambda's default log format: level, time, request id, message."""

    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        text = super().format(record)
        return f"[{record.levelname}]\t{moment}.{record.msecs:03.0f}Z\t{self.request_id}\t{text}"


def _lambda_logging() -> _LambdaHandler:
    handler = _LambdaHandler(sys.stderr)
    logging.getLogger().addHandler(handler)
    return handler


def _only_the_archive_and_site_packages() -> None:
    """Remove source checkouts from the import path: they must not shadow deployed code."""
    prefixes = tuple({sys.prefix, sys.base_prefix, sys.exec_prefix})
    sys.path = [str(Path.cwd()), *(path for path in sys.path if path.startswith(prefixes))]
    sys.meta_path = [
        finder for finder in sys.meta_path if not _module_of(finder).startswith("__editable__")
    ]


def _module_of(finder: object) -> str:
    return str(getattr(finder, "__module__", ""))


def _load(name: str) -> Handler | dict[str, Any]:
    """The handler, or the error that answers every call."""
    module_name, _, function_name = name.replace("/", ".").rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        return _error(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}", error
        )
    except Exception as error:
        return _error(type(error).__name__, str(error), error)
    handler = getattr(module, function_name, None)
    if handler is None:
        text = f"Handler '{function_name}' missing on module '{module_name}'"
        return _error("Runtime.HandlerNotFound", text, None)
    loaded: Handler = handler
    return loaded


def _answer(handler: Handler, call: dict[str, Any]) -> dict[str, Any]:
    try:
        result = handler(call["event"], Context(call))
    except Exception as error:
        return _error(type(error).__name__, str(error), error)
    try:
        return {"result": json.dumps(result)}
    except (TypeError, ValueError) as error:
        return _error("Runtime.MarshalError", f"Unable to marshal response: {error}", None)


def _error(kind: str, message: str, error: BaseException | None) -> dict[str, Any]:
    trace = traceback.format_exception(error) if error is not None else []
    print(f"[ERROR] {kind}: {message}\n{''.join(trace)}", end="" if trace else "\n")
    frames = traceback.format_tb(error.__traceback__) if error is not None else []
    return {"error": {"errorMessage": message, "errorType": kind, "stackTrace": frames}}


if __name__ == "__main__":
    main()
