"""Which converter takes which model. A library is imported only for a model of its own."""

from typing import Any

from export.converted import Converted, Method
from export.errors import no_conversion
from export.source import library_of


def convert(model: Any, method: Method, columns: int) -> Converted:
    """The graph of one of the model's methods. Raises CannotExport."""
    match library_of(model):
        case "sklearn":
            from export.scikit_learn import convert as one
        case other:
            raise no_conversion(
                f"{other}.{type(model).__name__}",
                "converted are models of scikit-learn, LightGBM, XGBoost and PyTorch",
            )
    return one(model, method, columns)
