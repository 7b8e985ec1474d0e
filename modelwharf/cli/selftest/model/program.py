"""A whole model in one file, with only the standard library.

``prepare`` copies the numbers, ``train`` learns their mean, ``serve`` adds to it. The program
follows SageMaker's contracts for processing, training and serving, and nothing else. The response
to ``{"add": 1}`` is ``{"sum": mean + 1}``; a list of requests gets a list.
"""

import csv
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ML = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
HOLDOUT_ROWS = 5


def prepare() -> None:
    given, made = ML / "processing/input/numbers.csv", ML / "processing/output"
    text = given.read_text()
    made.mkdir(parents=True, exist_ok=True)
    (made / "numbers.csv").write_text(text)
    (made / "report.json").write_text(json.dumps({"rows": len(text.splitlines()) - 1}))


def train() -> None:
    numbers = [
        float(row["value"])
        for path in sorted((ML / "input/data/training").glob("*.csv"))
        for row in csv.DictReader(path.read_text().splitlines())
    ]
    mean = sum(numbers) / len(numbers)
    (ML / "model/model.json").write_text(json.dumps({"mean": mean}))
    rows = [{"request": {"add": n}, "prediction": {"sum": mean + n}} for n in range(HOLDOUT_ROWS)]
    (ML / "output/data").mkdir(parents=True, exist_ok=True)
    holdout = "".join(json.dumps(row) + "\n" for row in rows)
    (ML / "output/data/holdout.jsonl").write_text(holdout)
    print(f"rows={len(numbers)}", flush=True)


def answer(request: Any, mean: float) -> Any:
    if isinstance(request, list):
        return [answer(one, mean) for one in request]
    return {"sum": mean + request["add"]}


class Handler(BaseHTTPRequestHandler):
    mean = 0.0

    def do_GET(self) -> None:
        self.reply(200, {"mean": self.mean})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"] != "application/json":
            self.reply(415, {"error": "use application/json"})
            return
        try:
            self.reply(200, answer(json.loads(body), self.mean))
        except (ValueError, KeyError, TypeError) as error:
            self.reply(400, {"error": str(error)})

    def reply(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        """Log nothing: SageMaker pings every few seconds, and a line for each would hide the
        others.
        """


def serve() -> None:
    Handler.mean = json.loads((ML / "model/model.json").read_text())["mean"]
    address = os.environ.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")  # noqa: S104 - in a container
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    ThreadingHTTPServer((address, port), Handler).serve_forever()


if __name__ == "__main__":
    # Process 1 of a container ignores a signal that has no handler.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    {"prepare": prepare, "train": train, "serve": serve}[sys.argv[1]]()
