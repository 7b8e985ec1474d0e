"""Our conversion of trees instead of skl2onnx's, for trees inside other models."""

from typing import Any

import sklearn.ensemble
import sklearn.tree
from skl2onnx.common.data_types import DoubleTensorType

from modelwharf.export.converted import Method
from modelwharf.export.errors import no_conversion
from modelwharf.export.scikit_trees import BOOSTINGS, FORESTS, add_model, flatten
from modelwharf.export.skl2onnx_steps import begin, both_ways, end, label_and_scores, register


def register_trees() -> None:
    """Register the converters with skl2onnx. Repeated calls do no harm."""
    for name in (*FORESTS, *BOOSTINGS):
        model = getattr(sklearn.tree, name, None) or getattr(sklearn.ensemble, name)
        register(model, label_and_scores if "Classifier" in name else _numbers, _convert)


def _numbers(operator: Any) -> None:
    outputs = getattr(operator.raw_operator, "n_outputs_", 1)
    operator.outputs[0].type = DoubleTensorType([None, outputs])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    graph, rows = begin(scope, operator)
    trees = flatten(model)
    answers = [add_model(graph, rows, model, trees, "predict")]
    if hasattr(model, "classes_"):
        answers = [graph.labels(answers[0], model.classes_.tolist())]
        raw = container.get_options(model, {"raw_scores": False})["raw_scores"]
        if raw and not hasattr(model, "decision_function"):
            raise no_conversion(type(model).__name__, "it has no decision_function")
        method: Method = "decision_function" if raw else "predict_proba"
        second = add_model(graph, rows, model, trees, method)
        binary = raw and trees.outputs == 1
        answers.append(both_ways(graph, second) if binary else second)
    end(graph, answers, operator, container)
