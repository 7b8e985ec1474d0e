"""``train.py train``: the training job. It fits a line, y = intercept + slope x.

SageMaker hands the tables over in /opt/ml/input/data/training, and keeps what is in /opt/ml/model
and /opt/ml/output at the end. Any program that does so takes this one's place.
"""

import csv
import json
import os
import signal
import statistics
import sys
from pathlib import Path

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
FEWEST_ROWS = 10


class Rejected(Exception):
    """The data cannot be used; the message is the job's FailureReason."""


def read_points(folder: Path) -> list[tuple[float, float]]:
    """Return x and y of each row of the CSV files. Raises Rejected."""
    points: list[tuple[float, float]] = []
    for path in sorted(folder.glob("*.csv")):
        try:
            rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
        except (UnicodeDecodeError, csv.Error) as error:
            raise Rejected(f"{path} is not a CSV file: {error}") from None
        for number, row in enumerate(rows, start=2):
            try:
                points.append((float(row["x"]), float(row["y"])))
            except (KeyError, TypeError, ValueError):
                raise Rejected(f"{path}:{number}: x and y must be numbers, not {row}") from None
    if len(points) < FEWEST_ROWS:
        raise Rejected(f"{folder}: {len(points)} rows in CSV files; {FEWEST_ROWS} are needed")
    return points


def learn(base: Path) -> None:
    """Fit on four rows of five, judge on the fifth, and write the model. Raises Rejected."""
    points = read_points(base / "input/data/training")
    holdout = points[::5]
    seen = [point for number, point in enumerate(points) if number % 5]
    try:
        slope, intercept = statistics.linear_regression(*zip(*seen, strict=True))
    except statistics.StatisticsError as error:
        raise Rejected(f"no line fits: {error}") from None
    answers = [intercept + slope * x for x, _ in holdout]
    mae = statistics.fmean(abs(a - y) for a, (_, y) in zip(answers, holdout, strict=True))
    print(f"holdout mae={mae:.4f}", flush=True)

    (base / "model").mkdir(parents=True, exist_ok=True)
    model = {"slope": slope, "intercept": intercept}
    (base / "model/model.json").write_text(json.dumps(model))
    # The live endpoint is asked these again before the model is promoted.
    rows = [
        json.dumps({"request": {"x": x}, "prediction": {"y": answer}})
        for (x, _), answer in zip(holdout, answers, strict=True)
    ]
    (base / "output/data").mkdir(parents=True, exist_ok=True)
    (base / "output/data/holdout.jsonl").write_text("".join(f"{row}\n" for row in rows))


def main(arguments: list[str]) -> int:
    """Return the exit code; the reason of a failure goes where SageMaker looks for it."""
    if arguments != ["train"]:
        print(f"usage: train.py train (given: {arguments})", file=sys.stderr)
        return 2
    # As a container's first process it would ignore the signal.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        learn(BASE)
    except Rejected as error:
        print(error, file=sys.stderr, flush=True)
        (BASE / "output").mkdir(parents=True, exist_ok=True)
        (BASE / "output/failure").write_text(str(error)[:1000])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
