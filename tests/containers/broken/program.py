#!/usr/bin/env python3
"""``train`` and ``serve`` of a model that obeys SageMaker's contract: the mean of its numbers."""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType

ML = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
MODEL = ML / "model"
FAILURE = ML / "output/failure"
CHECKPOINT = ML / "checkpoints/step"


def train() -> None:
    signal.signal(signal.SIGTERM, stop)
    hyperparameters = json.loads((ML / "input/config/hyperparameters.json").read_text())
    power = float(hyperparameters.get("power", "1"))
    numbers = [
        float(line) ** power
        for path in sorted((ML / "input/data/training").glob("*.csv"))
        for line in path.read_text().split()
    ]
    mean = sum(numbers) / len(numbers)
    time.sleep(float(hyperparameters.get("seconds", "0")))
    (MODEL / "model.json").write_text(json.dumps({"mean": mean}))
    print(f"rows={len(numbers)} accuracy=0.9", flush=True)


def stop(number: int, frame: FrameType | None) -> None:
    if CHECKPOINT.parent.exists():
        CHECKPOINT.write_text("1")
    sys.exit(128 + number)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mean: float | None = None

    def do_GET(self) -> None:
        self.reply(503 if self.mean is None else 200, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"] != "application/json":
            self.reply(415, {"error": "use application/json"})
            return
        if self.mean is None:
            self.reply(503, {"error": "the model is not loaded"})
            return
        try:
            added = json.loads(body)["add"]
        except (ValueError, KeyError, TypeError) as error:
            self.reply(400, {"error": str(error)})
            return
        self.reply(200, {"sum": self.mean + added})

    def reply(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def load() -> None:
    Handler.mean = json.loads((MODEL / "model.json").read_text())["mean"]


def serve() -> None:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    load()
    host = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    ThreadingHTTPServer((host, port), Handler).serve_forever()


def main() -> int:
    if Path(sys.argv[0]).name == "serve":
        serve()
        return 0
    try:
        train()
    except Exception as error:
        FAILURE.write_text(f"{type(error).__name__}: {error}")
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
