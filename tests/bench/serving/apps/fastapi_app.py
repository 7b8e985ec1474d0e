"""FastAPI and uvicorn around ``joblib.load``, twice.

``/invocations`` as FastAPI's own pages write it: a pydantic model, a function in the thread pool.
``/csv`` as a performance engineer writes it: the body by hand, the model in the event loop.
"""

import os

import joblib
import numpy as np
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

model = joblib.load(os.environ["MODEL"])
app = FastAPI()


class Instances(BaseModel):
    instances: list[list[float]]


@app.get("/ping")
def ping() -> dict[str, str]:
    return {}


@app.post("/invocations")
def invocations(asked: Instances) -> dict[str, list[float]]:
    return {"predictions": model.predict(np.array(asked.instances)).tolist()}


@app.post("/csv")
async def csv(request: Request) -> Response:
    lines = (await request.body()).decode().splitlines()
    rows = np.array([line.split(",") for line in lines], dtype=float)
    answers = model.predict(rows).tolist()
    return Response("\n".join(map(repr, answers)) + "\n", media_type="text/csv")
