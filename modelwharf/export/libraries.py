"""Selects the converter for a model. A library is imported only for its own models."""

from typing import Any

from modelwharf.export.converted import Converted, Method
from modelwharf.export.errors import no_conversion
from modelwharf.export.source import library_of


def convert(model: Any, method: Method, columns: int) -> Converted:
    """Convert one of the model's methods to a graph. Raises CannotExport."""
    match library_of(model):
        case "sklearn":
            from modelwharf.export import scikit_learn

            return scikit_learn.convert(model, method, columns)
        case "lightgbm":
            from modelwharf.export import lightgbm_trees

            return lightgbm_trees.convert(model, method, columns)
        case "xgboost":
            from modelwharf.export import xgboost_trees

            return xgboost_trees.convert(model, method, columns)
        case "torch":
            from modelwharf.export import torch_module

            return torch_module.convert(model, method, columns)
        case other:
            raise no_conversion(
                f"{other}.{type(model).__name__}",
                "converted are models of scikit-learn, LightGBM, XGBoost and PyTorch",
            )
