"""The exemplar's model, as the server's tests have it."""

from tests.unit.serving.conftest import forecaster, model_folder, trained

__all__ = ["forecaster", "model_folder", "trained"]
