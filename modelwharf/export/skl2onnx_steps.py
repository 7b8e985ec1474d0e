"""Float64 converters for steps that skl2onnx writes in float32 even on request for float64.

The operators Imputer, SVMRegressor and SVMClassifier of ai.onnx.ml support only float32, and
skl2onnx's PolynomialFeatures joins float32 columns to float64 ones. Its Binarizer and
KBinsDiscretizer put a number that lies on an edge, or within a float32 step of it, on the wrong
side, which no random row detects.
"""

from itertools import combinations
from typing import Any

import numpy as np
import sklearn.impute
import sklearn.preprocessing
import sklearn.svm
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType

from modelwharf.export.errors import no_conversion
from modelwharf.export.graph import OPSET, Floats, Graph

OPTIONS = {"zipmap": [True, False, "columns"], "raw_scores": [True, False]}


def register_steps() -> None:
    """Register the converters with skl2onnx. Repeated calls do no harm."""
    register(sklearn.impute.SimpleImputer, _one_output, _impute)
    register(sklearn.preprocessing.PolynomialFeatures, _one_output, _polynomial)
    register(sklearn.preprocessing.Binarizer, _one_output, _binarize)
    register(sklearn.preprocessing.KBinsDiscretizer, _one_output, _bin)
    for regressor in (sklearn.svm.SVR, sklearn.svm.NuSVR):
        register(regressor, _one_output, _support_regression)
    for classifier in (sklearn.svm.SVC, sklearn.svm.NuSVC):
        register(classifier, label_and_scores, _support_classification)


def register(model: type, shapes: Any, convert: Any) -> None:
    """Replace a converter of skl2onnx with ours."""
    update_registered_converter(
        model,
        f"ModelwharfExact{model.__name__}",
        shapes,
        convert,
        overwrite=True,
        options=OPTIONS if shapes is label_and_scores else None,
    )


def label_and_scores(operator: Any) -> None:
    """Set the types of a classifier's outputs."""
    model = operator.raw_operator
    text = model.classes_.dtype.kind in "OUS"
    operator.outputs[0].type = StringTensorType([None]) if text else Int64TensorType([None])
    operator.outputs[1].type = DoubleTensorType([None, len(model.classes_)])


def begin(scope: Any, operator: Any) -> tuple[Graph, str]:
    """Return a graph for the operator, and its input: float64, rows × columns."""
    graph = Graph(scope.get_unique_variable_name("exact") + "_")
    given = [
        one.full_name if isinstance(one.type, DoubleTensorType) else graph.float64(one.full_name)
        for one in operator.inputs
    ]
    return graph, given[0] if len(given) == 1 else graph.add("Concat", *given, axis=1)


def end(graph: Graph, answers: list[str], operator: Any, container: Any) -> None:
    """Add the graph to skl2onnx's graph."""
    for answer, output in zip(answers, operator.outputs, strict=True):
        graph.nodes.append(helper.make_node("Identity", [answer], [output.full_name]))
    container.initializers.extend(graph.constants)
    container.nodes.extend(graph.nodes)
    container.node_domain_version_pair_sets.add(("", OPSET))


def both_ways(graph: Graph, score: str) -> str:
    """Add a score for each of two classes, in skl2onnx's layout, from the second's (rows × 1)."""
    return graph.add("Concat", graph.add("Neg", score), score, axis=1)


def _one_output(operator: Any) -> None:
    operator.outputs[0].type = DoubleTensorType([None, _width(operator.raw_operator)])


def _width(model: Any) -> int:
    if isinstance(model, sklearn.preprocessing.KBinsDiscretizer) and model.encode != "ordinal":
        return int(model.n_bins_.sum())
    if isinstance(model, sklearn.preprocessing.PolynomialFeatures):
        return int(model.n_output_features_)
    return int(model.n_features_in_) if hasattr(model, "transform") else 1


def _impute(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    absent = model.missing_values
    if model.add_indicator or not isinstance(absent, (int, float)) or not np.isnan(absent):
        raise no_conversion(
            "SimpleImputer", "only missing_values=NaN without add_indicator is converted"
        )
    known: Floats = model.statistics_.astype(np.float64)
    if np.isnan(known).any():
        raise no_conversion("SimpleImputer", "a column had no value at all in training")
    graph, rows = begin(scope, operator)
    filled = graph.add("Where", graph.add("IsNaN", rows), graph.constant(known[None, :]), rows)
    end(graph, [filled], operator, container)


def _polynomial(scope: Any, operator: Any, container: Any) -> None:
    """Convert PolynomialFeatures with scikit-learn's products: a column times a product of one
    degree less.
    """
    model = operator.raw_operator
    terms = [tuple(np.repeat(np.arange(len(p)), p).tolist()) for p in model.powers_]
    graph, rows = begin(scope, operator)
    levels: dict[int, list[tuple[int, ...]]] = {}
    for term in terms:
        levels.setdefault(len(term), []).append(term)
    if sorted(set(levels) | {0}) != list(range(max(levels) + 1)):
        raise no_conversion("PolynomialFeatures", "its lowest degree is above one")
    parts = []
    below: list[tuple[int, ...]] = []
    product = rows
    for degree, level in sorted(levels.items()):
        if degree == 0:
            shape = graph.add("Shape", _columns(graph, rows, [0]))
            one = numpy_helper.from_array(np.ones(1))
            parts.append(graph.add("ConstantOfShape", shape, value=one))
            continue
        column = _columns(graph, rows, [term[0] for term in level])
        if degree == 1:
            product = column
        else:
            rest = _columns(graph, product, [below.index(term[1:]) for term in level])
            product = graph.add("Mul", column, rest)
        below = level
        parts.append(product)
    joined = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
    end(graph, [joined], operator, container)


def _binarize(scope: Any, operator: Any, container: Any) -> None:
    graph, rows = begin(scope, operator)
    above = graph.add("Greater", rows, graph.constant(operator.raw_operator.threshold))
    end(graph, [graph.float64(above)], operator, container)


def _bin(scope: Any, operator: Any, container: Any) -> None:
    """Convert KBinsDiscretizer: count the inner edges that a number has reached."""
    model = operator.raw_operator
    graph, rows = begin(scope, operator)
    parts = []
    for number, edges in enumerate(model.bin_edges_):
        inner = graph.constant(np.asarray(edges[1:-1])[None, :])
        reached = graph.float64(graph.add("GreaterOrEqual", _columns(graph, rows, [number]), inner))
        place = graph.add("ReduceSum", reached, graph.constant([1], np.int64), keepdims=1)
        if model.encode != "ordinal":
            places = graph.constant(np.arange(model.n_bins_[number])[None, :])
            place = graph.float64(graph.add("Equal", place, places))
        parts.append(place)
    end(graph, [graph.add("Concat", *parts, axis=1)], operator, container)


def _columns(graph: Graph, rows: str, chosen: list[int]) -> str:
    return graph.add("Gather", rows, graph.constant(chosen, np.int64), axis=1)


def _kernel(graph: Graph, rows: str, model: Any) -> str:
    """Add the kernel between each row and each support vector (rows × vectors)."""
    vectors = np.asarray(model.support_vectors_, dtype=np.float64)
    if model.kernel in ("poly", "sigmoid"):
        # Not a product times gamma: onnxruntime fuses those into one operator, with a float32
        # gamma.
        inner = graph.add("MatMul", rows, graph.constant(model._gamma * vectors.T))
        inner = graph.add("Add", inner, graph.constant(float(model.coef0)))
        if model.kernel == "sigmoid":
            return graph.add("Tanh", inner)
        return graph.add("Pow", inner, graph.constant(float(model.degree)))
    products = graph.add("MatMul", rows, graph.constant(vectors.T))
    if model.kernel == "linear":
        return products
    if model.kernel == "rbf":
        gamma = graph.constant(model._gamma)
        squares = graph.add(
            "ReduceSum", graph.add("Mul", rows, rows), graph.constant([1], np.int64), keepdims=1
        )
        both = graph.add("Add", squares, graph.constant((vectors**2).sum(axis=1)[None, :]))
        twice = graph.add("Mul", products, graph.constant(2.0))
        apart = graph.add("Mul", graph.add("Sub", both, twice), gamma)
        return graph.add("Exp", graph.add("Neg", apart))
    raise no_conversion(type(model).__name__, f"its kernel is {model.kernel!r}")


def _support_regression(scope: Any, operator: Any, container: Any) -> None:
    model = operator.raw_operator
    graph, rows = begin(scope, operator)
    weighed = graph.add("MatMul", _kernel(graph, rows, model), graph.constant(model.dual_coef_.T))
    sums = graph.add("Add", weighed, graph.constant(model.intercept_))
    end(graph, [sums], operator, container)


def _support_classification(scope: Any, operator: Any, container: Any) -> None:
    """Convert SVC: each pair of classes votes, and the first class with the most votes wins, as in
    libsvm.
    """
    model = operator.raw_operator
    count = len(model.classes_)
    graph, rows = begin(scope, operator)
    kernel = _kernel(graph, rows, model)
    pairs = list(combinations(range(count), 2))
    scores = graph.add(
        "Add",
        graph.add("MatMul", kernel, graph.constant(_pair_weights(model, pairs))),
        graph.constant(model.intercept_[None, :] * (-1 if count == 2 else 1)),
    )
    won = graph.add(
        "Cast", graph.add("Greater", scores, graph.constant(0.0)), to=TensorProto.DOUBLE
    )
    lost = graph.add("Sub", graph.constant(1.0), won)
    votes = [np.zeros((len(pairs), count)) for _ in range(2)]
    for number, pair in enumerate(pairs):
        for side, one in enumerate(pair):
            votes[side][number, one] = 1
    total = graph.add(
        "Add",
        graph.add("MatMul", won, graph.constant(votes[0])),
        graph.add("MatMul", lost, graph.constant(votes[1])),
    )
    label = graph.labels(graph.largest(total), model.classes_.tolist())
    answer = both_ways(graph, graph.add("Neg", scores)) if count == 2 else total
    end(graph, [label, answer], operator, container)


def _pair_weights(model: Any, pairs: list[tuple[int, int]]) -> Floats:
    """Return libsvm's coefficients (vectors × pairs). scikit-learn negates those of two classes."""
    coefficients = model.dual_coef_ * (-1 if len(model.classes_) == 2 else 1)
    edges = np.concatenate([[0], np.cumsum(model.n_support_)])
    weights = np.zeros((coefficients.shape[1], len(pairs)))
    for number, (one, other) in enumerate(pairs):
        ours, theirs = (slice(edges[n], edges[n + 1]) for n in (one, other))
        weights[ours, number] = coefficients[other - 1, ours]
        weights[theirs, number] = coefficients[one, theirs]
    return weights
