"""scikit-learn's trees: decision trees, forests and both gradient boostings, bit for bit."""

from typing import Any, Literal

import numpy as np

from modelwharf.export.errors import no_conversion
from modelwharf.export.graph import Floats, Graph
from modelwharf.export.runtime import Predict
from modelwharf.export.trees import LEAF, Trees, add_trees, join

Method = Literal["predict", "predict_proba", "decision_function"]

FORESTS = (
    "DecisionTreeRegressor",
    "DecisionTreeClassifier",
    "ExtraTreeRegressor",
    "ExtraTreeClassifier",
    "RandomForestRegressor",
    "RandomForestClassifier",
    "ExtraTreesRegressor",
    "ExtraTreesClassifier",
)
BOOSTINGS = (
    "GradientBoostingRegressor",
    "GradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "HistGradientBoostingClassifier",
)
EXPONENTIAL_LOSSES = ("poisson", "gamma")  # their link is the logarithm


def is_tree_model(model: Any) -> bool:
    name = type(model).__name__
    return type(model).__module__.startswith("sklearn.") and name in (*FORESTS, *BOOSTINGS)


def flatten(model: Any) -> Trees:
    """Return a fitted model's trees as arrays. Raises CannotExport for what arrays cannot hold."""
    name = type(model).__name__
    if name in FORESTS:
        return _forest(model)
    if name.startswith("Hist"):
        return _histogram_boosting(model)
    return _boosting(model)


def add_model(graph: Graph, rows: str, model: Any, trees: Trees, method: Method) -> str:
    """Add the nodes of one of the model's methods; a classifier's ``predict`` answers indices."""
    classifier = hasattr(model, "classes_")
    raw = add_trees(graph, rows, trees)
    if type(model).__name__ in FORESTS:
        return graph.largest(raw) if classifier and method == "predict" else raw
    if not classifier:
        exponential = getattr(model, "loss", "") in EXPONENTIAL_LOSSES
        return graph.add("Exp", raw) if exponential else raw
    if method == "decision_function":
        return raw
    binary = trees.outputs == 1
    if method == "predict_proba":
        return _probabilities(graph, raw, model, binary=binary)
    if not binary:
        return graph.largest(raw)
    # The two kinds differ at a score of 0: scikit-learn's sources, `predict` of each.
    above = "Greater" if type(model).__name__.startswith("Hist") else "GreaterOrEqual"
    flat = graph.add("Reshape", raw, graph.constant([-1], np.int64))
    return graph.index_if(graph.add(above, flat, graph.constant(0.0)))


def trained_sums(model: Any) -> Predict:
    """Return the model's own sums, before they become labels, probabilities or powers."""
    if type(model).__name__ in FORESTS:
        answer: Predict = model.predict_proba
    elif hasattr(model, "classes_"):
        answer = model.decision_function
    else:
        answer = model._raw_predict
    return answer


def is_bit_exact(model: Any, method: Method) -> bool:
    """Whether only comparisons, and sums in the library's order, make the answer."""
    if type(model).__name__ in FORESTS:
        return True
    if getattr(model, "loss", "") in EXPONENTIAL_LOSSES:
        return False
    return method != "predict_proba"


def _probabilities(graph: Graph, raw: str, model: Any, *, binary: bool) -> str:
    if not binary:
        return graph.add("Softmax", raw, axis=1)
    if getattr(model, "loss", "") == "exponential":  # its link is half the logit
        raw = graph.add("Mul", raw, graph.constant(2.0))
    return graph.two_classes(graph.add("Sigmoid", raw))


def _forest(model: Any) -> Trees:
    members = getattr(model, "estimators_", [model])
    if isinstance(getattr(model, "classes_", None), list):
        raise no_conversion(
            type(model).__name__, f"it answers {len(model.classes_)} classifications at once"
        )
    arrays = [member.tree_ for member in members]
    classifier = hasattr(model, "classes_")
    values = [tree.value[:, 0, :] if classifier else tree.value[:, :, 0] for tree in arrays]
    outputs = values[0].shape[1]
    value = np.concatenate(values).astype(np.float64)
    return join(
        [_grown(tree) for tree in arrays],
        value=value[:, 0] if outputs == 1 else value,
        target=np.zeros(len(arrays), dtype=np.int64),
        outputs=outputs,
        columns=model.n_features_in_,
        single=True,
        averaged=len(members) > 1,
    )


def _grown(tree: Any) -> dict[str, Any]:
    return {
        "leaf": tree.children_left == LEAF,
        "feature": tree.feature,
        "threshold": tree.threshold,
        "left": tree.children_left,
        "right": tree.children_right,
        "missing_left": tree.missing_go_to_left,
    }


def _boosting(model: Any) -> Trees:
    name = type(model).__name__
    start = model.init_
    if start != "zero" and type(start).__name__ not in ("DummyRegressor", "DummyClassifier"):
        raise no_conversion(
            f"{name}(init={type(start).__name__})", "its first guess is another model's"
        )
    stages, outputs = model.estimators_.shape
    arrays = [member.tree_ for member in model.estimators_.ravel()]
    trees = join(
        [_grown(tree) for tree in arrays],
        value=np.concatenate([model.learning_rate * tree.value[:, 0, 0] for tree in arrays]),
        target=np.tile(np.arange(outputs), stages),
        outputs=outputs,
        columns=model.n_features_in_,
        single=True,
    )
    nothing = np.zeros((1, model.n_features_in_), dtype=np.float32)
    return trees.first_plus(model._raw_predict_init(nothing)[0])


def _histogram_boosting(model: Any) -> Trees:
    if model.is_categorical_ is not None:
        number = int(np.flatnonzero(model.is_categorical_)[0])
        raise no_conversion(type(model).__name__, f"feature {number} is split by category")
    grown = [predictor.nodes for stage in model._predictors for predictor in stage]
    outputs = model.n_trees_per_iteration_
    trees = join(
        [
            {
                "leaf": nodes["is_leaf"].astype(bool),
                "feature": nodes["feature_idx"],
                "threshold": nodes["num_threshold"],
                "left": nodes["left"],
                "right": nodes["right"],
                "missing_left": nodes["missing_go_to_left"],
            }
            for nodes in grown
        ],
        value=np.concatenate([nodes["value"] for nodes in grown]).astype(np.float64),
        target=np.tile(np.arange(outputs), len(model._predictors)),
        outputs=outputs,
        columns=model.n_features_in_,
    )
    base: Floats = np.broadcast_to(model._baseline_prediction.reshape(-1), (outputs,))
    return trees.first_plus(base.astype(np.float64))
