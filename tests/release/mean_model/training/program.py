"""A whole model in one file, standard library alone: it learns the mean of its numbers.

It obeys SageMaker's contract and nothing else. Hyperparameters make it misbehave on request:
``fail`` (the reason it gives), ``signal`` (what kills it), ``seconds`` (how long it works),
``gate`` (a file it waits for), ``accuracy`` (what it logs), ``holdout`` (how many rows it writes).
"""

import csv
import json
import os
import signal
import sys
import time
from pathlib import Path

ML = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
HOLDOUT_ROWS = 5


def train() -> int:
    hyperparameters = json.loads((ML / "input/config/hyperparameters.json").read_text())
    if "fail" in hyperparameters:
        (ML / "output/failure").write_text(hyperparameters["fail"])
        return 1
    if "signal" in hyperparameters:
        print("reads the second half", flush=True)
        os.kill(os.getpid(), signal.Signals[hyperparameters["signal"]])
    time.sleep(float(hyperparameters.get("seconds", 0)))
    while "gate" in hyperparameters and not Path(hyperparameters["gate"]).exists():
        time.sleep(0.02)
    numbers = [
        float(row["value"])
        for path in sorted((ML / "input/data/training").glob("*.csv"))
        for row in csv.DictReader(path.read_text().splitlines())
    ]
    mean = sum(numbers) / len(numbers)
    (ML / "model/model.json").write_text(json.dumps({"mean": mean}))
    rows = int(hyperparameters.get("holdout", HOLDOUT_ROWS))
    holdout = [{"request": {"add": add}, "prediction": {"sum": mean + add}} for add in range(rows)]
    (ML / "output/data").mkdir(parents=True, exist_ok=True)
    (ML / "output/data/holdout.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in holdout)
    )
    print(f"rows={len(numbers)} accuracy={hyperparameters.get('accuracy', '0.9')}", flush=True)
    return 0


if __name__ == "__main__":
    if sys.argv[1:] != ["train"]:
        sys.exit(f"unknown command {sys.argv[1:]}; this image knows: train")
    # As process 1 of a container, a signal without a handler would be ignored.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        sys.exit(train())
    except Exception as error:
        (ML / "output/failure").write_text(f"{type(error).__name__}: {error}")
        raise
