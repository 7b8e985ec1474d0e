"""Save a joblib model as MLflow keeps models: ``mlflow_save.py MODEL.joblib FOLDER``."""

import sys

import joblib
import mlflow.sklearn

# Its default, skops, would need the model's types named.
mlflow.sklearn.save_model(joblib.load(sys.argv[1]), sys.argv[2], serialization_format="cloudpickle")
