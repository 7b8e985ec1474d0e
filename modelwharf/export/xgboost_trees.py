"""XGBoost: float32 throughout. A row goes left where its float32 value is below the threshold.

Source of the rules: XGBoost's ``src/predictor/cpu_predictor.cc`` (sums in float32, from the
base score, in the order of the trees) and ``src/common/math.h`` (Sigmoid).
"""

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwharf.export.boosters import source_of_booster
from modelwharf.export.converted import Converted, Method, Source, behind_scores
from modelwharf.export.errors import no_conversion
from modelwharf.export.graph import INPUT, Floats, Graph
from modelwharf.export.trees import LEAF, Trees, add_trees, join

BASE_ROWS = 256
BASE_STEPS = 16
LEAST_SHARE = 1e-6  # kRtEps: replaces a base score of 0 or 1
LOGISTIC = ("reg:logistic", "binary:logistic")
LOGARITHMIC = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")
UNCHANGED = (
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
    "binary:logitraw",
    "rank:ndcg",
    "rank:map",
    "rank:pairwise",
)


def ask(model: Any, method: Method) -> Source:
    """Return the source of a Booster's own answers."""
    import xgboost

    def answer(rows: Floats, raw: bool) -> Any:
        return model.predict(
            xgboost.DMatrix(rows, feature_names=model.feature_names), output_margin=raw
        )

    return source_of_booster(method, answer, model.num_features())


def convert(model: Any, method: Method, columns: int) -> Converted:
    """Convert a Booster or a scikit-learn wrapper to a graph. Raises CannotExport."""
    absent = getattr(model, "missing", None)
    if absent is not None and not math.isnan(absent):
        raise no_conversion(
            f"{type(model).__name__}(missing={absent})",
            "only NaN is a missing value here; train it with NaN in their place",
        )
    booster = _booster(model)
    trees, objective = trees_of(booster), _learner(booster)["objective"]["name"]
    graph = Graph()
    margin = add_trees(graph, INPUT, trees)
    classifier = hasattr(model, "classes_")
    index = classifier and method == "predict"
    if method == "decision_function":
        answers = graph.float64(margin)
    elif index:
        answers = _class_index(graph, margin, trees.outputs)
    else:
        answers = graph.float64(_transformed(graph, margin, objective))
        if method == "predict_proba" and trees.outputs == 1:
            answers = graph.two_classes(answers)
    proto = graph.model(answers, columns, index=index)
    if method == "decision_function" or (not classifier and objective in UNCHANGED):
        return Converted(proto, "bits", trees)
    scores = Graph()
    raw = scores.model(scores.float64(add_trees(scores, INPUT, trees)), columns)
    trained = ask(booster, "decision_function").predict
    return behind_scores(proto, "float32", Converted(raw, "bits", trees), trained)


def _booster(model: Any) -> Any:
    """Return the trees that ``predict`` uses: after early stopping, those up to the best."""
    if not hasattr(model, "get_booster"):
        return model
    booster = model.get_booster()
    # Stored with the trees: also after a callback stopped, or when the model was read from a file.
    best = getattr(model, "best_iteration", None)
    kind = _learner(booster)["gradient_booster"]["name"]
    return booster if best is None or kind != "gbtree" else booster[: best + 1]


def _learner(booster: Any) -> dict[str, Any]:
    learner: dict[str, Any] = json.loads(booster.save_raw("json"))["learner"]
    return learner


def trees_of(booster: Any) -> Trees:
    """Return the ensemble, with its base score in the first trees. Raises CannotExport."""
    learner = _learner(booster)
    kind = learner["gradient_booster"]["name"]
    if kind != "gbtree":
        raise no_conversion(f"XGBoost's booster={kind!r}", "only gbtree is converted")
    model = learner["gradient_booster"]["model"]
    # Since XGBoost 3.4 a model with dropout (DART) is a gbtree whose trees have weights.
    if any(weight != 1 for weight in model.get("weight_drop", ())):
        raise no_conversion("XGBoost's dropout (dart, rate_drop)", "its trees have weights")
    counts = learner["learner_model_param"]
    outputs = max(1, int(counts["num_class"]), int(counts["num_target"]))
    grown, values = [], []
    if not model["trees"]:
        raise no_conversion("this XGBoost model", "it has no trees")
    for tree in model["trees"]:
        if int(tree["tree_param"]["size_leaf_vector"]) > 1:
            raise no_conversion("multi_strategy='multi_output_tree'", "a leaf holds several values")
        if any(tree["split_type"]):
            column = tree["split_indices"][tree["split_type"].index(1)]
            raise no_conversion("this XGBoost model", f"column {column} is split by category")
        left = np.array(tree["left_children"], dtype=np.int64)
        leaf = left == LEAF
        condition = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
        grown.append(
            {
                "leaf": leaf,
                "feature": np.array(tree["split_indices"]),
                "threshold": np.where(leaf, 0.0, condition),
                "left": left,
                "right": np.array(tree["right_children"]),
                "missing_left": np.array(tree["default_left"]),
            }
        )
        values.append(np.where(leaf, condition, 0.0))
    trees = join(
        grown,
        value=np.concatenate(values),
        target=np.array(model["tree_info"], dtype=np.int64),
        outputs=outputs,
        columns=int(counts["num_feature"]),
        strict=True,
        single=True,
        adds_single=True,
    )
    return trees.first_plus(_base(booster, learner, learner["objective"]["name"], outputs))


def _base(booster: Any, learner: dict[str, Any], objective: str, outputs: int) -> Floats:
    """Return XGBoost's initial margin for each output, to the last bit.

    The model's file has the base score with seven digits, the model in memory has all digits. Among
    the numbers near the file's, the function takes the one that leads to the model's answers.
    """
    import xgboost

    text = learner["learner_model_param"]["base_score"]
    score = np.array(json.loads(text), dtype=np.float32).reshape(-1)
    if objective in LOGISTIC:
        score = np.clip(score, np.float32(LEAST_SHARE), np.float32(1 - LEAST_SHARE))
        odds = np.float32(1) / score - np.float32(1)
        score = -np.log(odds.astype(np.float64))
    elif objective in LOGARITHMIC:
        score = np.log(score.astype(np.float64))
    guess = np.broadcast_to(score, (outputs,)).astype(np.float32)
    columns = int(learner["learner_model_param"]["num_feature"])
    rows = np.random.default_rng(0).normal(size=(BASE_ROWS, columns))

    def margins(**base: Any) -> Any:
        asked = xgboost.DMatrix(rows, feature_names=booster.feature_names, **base)
        return booster.predict(asked, output_margin=True).reshape(BASE_ROWS, outputs)

    wanted = margins()
    base = guess.copy()
    known = np.zeros(outputs, dtype=bool)
    for steps in sorted(range(-BASE_STEPS, BASE_STEPS + 1), key=abs):
        tried = _moved(guess, steps)
        same = (margins(base_margin=np.tile(tried, (BASE_ROWS, 1))) == wanted).all(axis=0)
        base = np.where(same & ~known, tried, base)
        known |= same
        if known.all():
            break
    return base.astype(np.float64)


def _moved(numbers: npt.NDArray[np.float32], steps: int) -> npt.NDArray[np.float32]:
    """Move each number by ``steps`` float32 steps."""
    for _ in range(abs(steps)):
        numbers = np.nextafter(numbers, np.float32(np.copysign(np.inf, steps)))
    return numbers


def _class_index(graph: Graph, margin: str, outputs: int) -> str:
    if outputs > 1:
        return graph.largest(margin)
    half = graph.constant(0.5, np.float32)
    flat = graph.add("Reshape", _sigmoid(graph, margin), graph.constant([-1], np.int64))
    return graph.index_if(graph.add("Greater", flat, half))


def _sigmoid(graph: Graph, margin: str) -> str:
    """Add XGBoost's sigmoid step by step, so that a number just above one half stays there."""
    power = graph.add("Exp", graph.float64(graph.add("Neg", margin)))
    one = graph.constant(1.0, np.float32)
    return graph.add("Div", one, graph.add("Add", one, graph.float32(power)))


def _transformed(graph: Graph, margin: str, objective: str) -> str:
    if objective in LOGISTIC:
        return _sigmoid(graph, margin)
    if objective in LOGARITHMIC:
        return graph.float32(graph.add("Exp", graph.float64(margin)))
    if objective == "multi:softprob":
        return graph.add("Softmax", margin, axis=1)
    if objective == "multi:softmax":
        return graph.add("ArgMax", margin, axis=1, keepdims=0)
    if objective == "binary:hinge":
        above = graph.add("Greater", margin, graph.constant(0.0, np.float32))
        return graph.index_if(above)
    if objective in UNCHANGED:
        return margin
    raise no_conversion(f"XGBoost's objective {objective!r}", "its output is not known here")
