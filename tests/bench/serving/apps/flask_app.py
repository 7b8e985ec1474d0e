"""The pattern of AWS's sample "bring your own container" for scikit-learn: Flask and pandas."""

import io
import os

import flask
import joblib
import pandas as pd

model = joblib.load(os.environ["MODEL"])
app = flask.Flask(__name__)


@app.route("/ping", methods=["GET"])
def ping() -> flask.Response:
    return flask.Response(response="\n", status=200, mimetype="application/json")


@app.route("/invocations", methods=["POST"])
def invocations() -> flask.Response:
    if flask.request.content_type != "text/csv":
        return flask.Response("This predictor only supports CSV data", 415)
    data = pd.read_csv(io.StringIO(flask.request.data.decode("utf-8")), header=None)
    out = io.StringIO()
    pd.DataFrame({"results": model.predict(data)}).to_csv(out, header=False, index=False)
    return flask.Response(response=out.getvalue(), status=200, mimetype="text/csv")
