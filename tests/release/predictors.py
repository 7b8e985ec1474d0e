"""``python predictors.py ENDPOINT ROWS.json ANSWERS.json``: the SageMaker SDK's own clients.

In a program of its own, for importing the SDK takes seconds, changes the process that it is in,
and prints.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sagemaker.base_deserializers import BaseDeserializer
from sagemaker.base_serializers import BaseSerializer
from sagemaker.deserializers import (
    CSVDeserializer,
    JSONDeserializer,
    JSONLinesDeserializer,
    NumpyDeserializer,
)
from sagemaker.predictor import Predictor
from sagemaker.serializers import (
    CSVSerializer,
    JSONLinesSerializer,
    JSONSerializer,
    NumpySerializer,
)


def ask(endpoint: str, data: Any, writes: BaseSerializer, reads: BaseDeserializer) -> Any:
    return Predictor(endpoint, serializer=writes, deserializer=reads).predict(data)


def main(endpoint: str, asked: str, answered: str) -> None:
    """Write what each way of asking got, as one JSON object."""
    rows: list[list[float]] = json.loads(Path(asked).read_text())
    csv = ask(endpoint, rows, CSVSerializer(), CSVDeserializer())
    lines = [{"features": row} for row in rows]
    array = ask(endpoint, np.array(rows), NumpySerializer(), NumpyDeserializer())
    found = {
        "csv": [float(cell) for line in csv for cell in line],
        "json": ask(endpoint, {"instances": rows}, JSONSerializer(), JSONDeserializer()),
        "bare json": ask(endpoint, rows, JSONSerializer(), JSONDeserializer()),
        "json lines": ask(endpoint, lines, JSONLinesSerializer(), JSONLinesDeserializer()),
        "npy": np.asarray(array).ravel().tolist(),
    }
    Path(answered).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
