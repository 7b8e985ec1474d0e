"""Our conversion of trees in place of skl2onnx's, for trees that stand inside other models."""

from functools import cache
from typing import Any

import skl2onnx
import sklearn.ensemble
import sklearn.tree
from onnx import helper
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType

from export.errors import no_conversion
from export.graph import OPSET, Graph
from export.scikit_trees import BOOSTINGS, FORESTS, Method, add_model, flatten

OPTIONS = {"zipmap": [True, False, "columns"], "nocl": [True, False], "raw_scores": [True, False]}


@cache
def register() -> None:
    """Tell skl2onnx, once a process."""
    for name in (*FORESTS, *BOOSTINGS):
        model = getattr(sklearn.tree, name, None) or getattr(sklearn.ensemble, name)
        skl2onnx.update_registered_converter(
            model,
            f"ModelwharfExact{name}",
            _shapes,
            _convert,
            overwrite=True,
            options=OPTIONS if "Classifier" in name else None,
        )


def _shapes(operator: Any) -> None:
    model = operator.raw_operator
    if not hasattr(model, "classes_"):
        operator.outputs[0].type = DoubleTensorType([None, getattr(model, "n_outputs_", 1)])
        return
    text = model.classes_.dtype.kind in "OUS"
    operator.outputs[0].type = StringTensorType([None]) if text else Int64TensorType([None])
    operator.outputs[1].type = DoubleTensorType([None, len(model.classes_)])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    graph = Graph(scope.get_unique_variable_name("trees") + "_")
    (given,) = operator.inputs
    rows = given.full_name
    if not isinstance(given.type, DoubleTensorType):
        rows = graph.float64(rows)
    scores = flatten(model)
    if not hasattr(model, "classes_"):
        answers = [add_model(graph, rows, model, scores, "predict")]
    else:
        options = container.get_options(model, {"nocl": False, "raw_scores": False})
        index = add_model(graph, rows, model, scores, "predict")
        label = index if options["nocl"] else graph.labels(index, model.classes_.tolist())
        raw = options["raw_scores"]
        if raw and not hasattr(model, "decision_function"):
            raise no_conversion(type(model).__name__, "it has no decision_function")
        method: Method = "decision_function" if raw else "predict_proba"
        answers = [label, add_model(graph, rows, model, scores, method)]
    for answer, output in zip(answers, operator.outputs, strict=True):
        graph.nodes.append(helper.make_node("Identity", [answer], [output.full_name]))
    for constant in graph.constants:
        container.initializers.append(constant)
    for node in graph.nodes:
        container.nodes.append(node)
    container.node_domain_version_pair_sets.add(("", OPSET))
