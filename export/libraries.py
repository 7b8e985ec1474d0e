"""Which converter takes which model. A library is imported only for a model of its own."""

from typing import Any

from export.converted import Converted, Method
from export.errors import no_conversion
from export.source import library_of


def convert(model: Any, method: Method, columns: int) -> Converted:
    """The graph of one of the model's methods. Raises CannotExport."""
    match library_of(model):
        case "sklearn":
            from export import scikit_learn

            return scikit_learn.convert(model, method, columns)
        case "lightgbm":
            from export import lightgbm_trees

            return lightgbm_trees.convert(model, method, columns)
        case "xgboost":
            from export import xgboost_trees

            return xgboost_trees.convert(model, method, columns)
        case "torch":
            from export import torch_module

            return torch_module.convert(model, method, columns)
        case other:
            raise no_conversion(
                f"{other}.{type(model).__name__}",
                "converted are models of scikit-learn, LightGBM, XGBoost and PyTorch",
            )
