"""BentoML as its documentation shows it; access log and metrics off."""

import os

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Forecast:
    def __init__(self) -> None:
        self.model = joblib.load(os.environ["MODEL"])

    @bentoml.api(route="/invocations")
    def invocations(self, instances: list[list[float]]) -> dict[str, list[float]]:
        return {"predictions": self.model.predict(np.array(instances)).tolist()}
