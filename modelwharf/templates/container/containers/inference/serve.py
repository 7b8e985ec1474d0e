"""``serve.py serve``: the endpoint's server. ``{"x": 12}`` is answered by ``{"y": 33.8}``.

SageMaker asks GET /ping until it is answered by 200, and sends requests to POST /invocations, both
on port 8080. Any program that does so takes this one's place.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def answer(request: Any, model: dict[str, float]) -> Any:
    """Return y of one request, or a list for a list. Raises ValueError for anything else."""
    if isinstance(request, list):
        return [answer(one, model) for one in request]
    x = request.get("x") if isinstance(request, dict) else None
    if isinstance(x, bool) or not isinstance(x, int | float):
        raise ValueError('send {"x": NUMBER}, or a list of such')
    return {"y": model["intercept"] + model["slope"] * x}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    model: dict[str, float]

    def do_GET(self) -> None:
        """Answer pings; the model is loaded before the server listens."""
        self.reply(*((200, {}) if self.path == "/ping" else (404, {"error": "ask /ping"})))

    def do_POST(self) -> None:
        """Answer requests."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
        if self.path != "/invocations":
            self.reply(404, {"error": "ask /invocations"})
        elif kind != "application/json":
            self.reply(415, {"error": f"{kind or 'no content type'}: send application/json"})
        else:
            try:
                self.reply(200, answer(json.loads(body), self.model))
            except (ValueError, RecursionError) as error:
                self.reply(400, {"error": str(error)})

    def reply(self, status: int, content: Any) -> None:
        """Send the content as JSON."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Leave the log to errors: pings come every few seconds."""


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM; return the exit code."""
    if arguments != ["serve"]:
        print(f"usage: serve.py serve (given: {arguments})", file=sys.stderr)
        return 2
    # As a container's first process it would ignore the signal. To end on request is a success.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    Handler.model = json.loads((BASE / "model/model.json").read_text())
    # On the laptop several servers share one machine: there an address and a port are given.
    host = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")  # noqa: S104 - in a container
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    ThreadingHTTPServer((host, port), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
