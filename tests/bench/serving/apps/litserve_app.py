"""LitServe as its documentation shows it, with one worker."""

import os
from typing import Any

import joblib
import litserve
import numpy as np


class Forecast(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.model = joblib.load(os.environ["MODEL"])

    def decode_request(self, request: dict[str, Any]) -> Any:
        return np.array(request["instances"])

    def predict(self, rows: Any) -> Any:
        return self.model.predict(rows)

    def encode_response(self, answers: Any) -> dict[str, Any]:
        return {"predictions": answers.tolist()}


if __name__ == "__main__":
    litserve.LitServer(
        Forecast(api_path="/invocations"),
        accelerator="cpu",
        workers_per_device=1,
        healthcheck_path="/ping",
    ).run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="error",
    )
