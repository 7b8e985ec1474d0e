"""The functions of all paths: both interpreters call the same, and they do as the path says."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import ClientError

from tests.second_interpreter.journey import Calls
from tests.second_interpreter.paths import Deed, Fails, Late, MachinePath, Raises, Silent, Well
from tests.unit.laptop.stepfunctions.world import FunctionError

PATH = "path"  # the document's key that tells which path it is on
TOKEN = "task_token"
REASON = "as the path says"
LATER = 0.2  # seconds after the function's end

# Posts what it was called with to the test, and does what it is told.
PROGRAM = """
import json, urllib.request

def handler(event, context):
    body = json.dumps({{"state": {state!r}, "event": event}}).encode()
    with urllib.request.urlopen({url!r}, body) as answer:
        told = json.load(answer)
    if "error" in told:
        raise RuntimeError(told["message"])
    return told["result"]
"""

# The same as a runtime of its own, which names its errors itself (differences.NAMELESS_ERRORS):
# https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
RUNTIME = """#!{python}
import json, os, urllib.request

api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
with urllib.request.urlopen(api + "next") as call:
    request, event = call.headers["Lambda-Runtime-Aws-Request-Id"], json.load(call)
body = json.dumps({{"state": {state!r}, "event": event}}).encode()
with urllib.request.urlopen({url!r}, body) as answer:
    told = json.load(answer)
end, result = "/response", told.get("result")
if "error" in told:
    end, result = "/error", {{"errorType": told["error"], "errorMessage": told["message"]}}
urllib.request.urlopen(api + request + end, json.dumps(result).encode()).close()
"""


class Functions:
    """What the functions of one interpreter do. ``send_errors``: see differences.py."""

    def __init__(self, states: Any, *, send_errors: bool) -> None:
        self._states = states
        self._send_errors = send_errors
        self._cases: dict[str, MachinePath] = {}
        self.calls: defaultdict[str, Calls] = defaultdict(dict)
        self.lost: set[str] = set()
        """Documents whose token nobody knew: the interpreter had mixed it up."""
        self._lock = threading.Lock()

    def expect(self, document: str, case: MachinePath) -> None:
        self._cases[document] = case

    def handler(self, state: str) -> Callable[[Any], Any]:
        return lambda event: self.call(state, event)

    def call(self, state: str, event: Any) -> Any:
        """Answer as the function of ``state``; raises FunctionError when it fails."""
        token = event.get(TOKEN) if isinstance(event, dict) else None
        seen = {key: value for key, value in event.items() if key != TOKEN}
        document = event[PATH] if PATH in event else event["release"][PATH]
        with self._lock:
            calls = self.calls[document].setdefault(state, [])
            calls.append(_anonymous(seen))
            attempt = len(calls)
        deeds = self._cases[document].deeds.get(state, (Well(),))
        deed = deeds[min(attempt, len(deeds)) - 1]
        if token is None:
            return self._answer(deed, state, event)
        return self._wait(deed, state, attempt, token, document)

    def _answer(self, deed: Deed, state: str, event: Any) -> Any:
        if isinstance(deed, Raises):
            raise FunctionError(deed.error, REASON)
        return {**event, "passed": [*event.get("passed", []), state]}

    def _wait(self, deed: Deed, state: str, attempt: int, token: str, document: str) -> None:
        def send() -> None:
            try:
                if isinstance(deed, Raises | Fails):
                    cause = {"errorType": deed.error, "errorMessage": REASON}
                    words = json.dumps(cause) if isinstance(deed, Raises) else REASON
                    self._states.send_task_failure(taskToken=token, error=deed.error, cause=words)
                else:
                    output = json.dumps({"by": state, "attempt": attempt})
                    self._states.send_task_success(taskToken=token, output=output)
            except ClientError as error:
                # A branch that was stopped takes no answer (TaskTimedOut).
                if error.response["Error"]["Code"] == "TaskDoesNotExist":
                    self.lost.add(document)

        match deed:
            case Silent():
                pass
            case Late():
                threading.Timer(LATER, send).start()
            case Raises():
                if self._send_errors:
                    send()
                raise FunctionError(deed.error, REASON)
            case _:
                send()


def _anonymous(event: Any) -> Any:
    """The event without what differs from run to run."""
    if isinstance(event, dict):
        return {key: _anonymous(value) for key, value in event.items() if key != PATH}
    return event


def serve(functions: Functions) -> ThreadingHTTPServer:
    """Answer functions that run in another process, on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                told = {"result": functions.call(asked["state"], asked["event"])}
            except FunctionError as error:
                told = {"error": error.kind, "message": str(error)}
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
