"""Serves the mean: ``{"add": 1}`` → ``{"sum": mean + 1}``, a list of requests → a list.

``MEAN_MODEL_SERVES`` makes it misbehave: ``unhealthy`` never answers /ping with 200, ``briefly``
ends at its third ping, ``fragile`` ends when it is asked, ``faulty`` answers 500, ``differently``
answers other numbers than the trained model gave. ``MEAN_MODEL_GATE`` is the URL of a file without
which it is not healthy.
"""

import itertools
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ML = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
MANNER = os.environ.get("MEAN_MODEL_SERVES", "honestly")
GATE = os.environ.get("MEAN_MODEL_GATE", "")
MEAN = json.loads((ML / "model/model.json").read_text())["mean"]
PINGS = itertools.count(1)


def answer(request: Any) -> Any:
    if isinstance(request, list):
        return [answer(one) for one in request]
    return {"sum": MEAN + request["add"] + (1 if MANNER == "differently" else 0)}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if MANNER == "briefly" and next(PINGS) == 3:
            os._exit(4)
        waits = GATE and not Path(urlsplit(GATE).path).exists()
        self.reply(503 if waits or MANNER == "unhealthy" else 200, {"mean": MEAN})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"] != "application/json":
            self.reply(415, {"error": "use application/json"})
            return
        if MANNER == "fragile":
            # To this very thread: os.kill may hit another one, and this one answers first.
            signal.raise_signal(signal.SIGSEGV)
        if MANNER == "faulty":
            self.reply(500, {"error": "the model does not fit its rows"})
            return
        try:
            self.reply(200, answer(json.loads(body)))
        except (ValueError, KeyError, TypeError) as error:
            self.reply(400, {"error": str(error)})

    def reply(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        """SageMaker pings every second or so; a line for each would drown the rest."""


if __name__ == "__main__":
    if sys.argv[1:] != ["serve"]:
        sys.exit(f"unknown command {sys.argv[1:]}; this image knows: serve")
    # As process 1 of a container, a signal without a handler would be ignored.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    address = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    ThreadingHTTPServer((address, port), Handler).serve_forever()
