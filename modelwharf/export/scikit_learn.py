"""scikit-learn: trees by ``scikit_trees``, all other steps by skl2onnx in float64.

Our tree converters replace skl2onnx's everywhere, so that no pipeline, voting or stacking gets
float32 thresholds. This module does not search for other float32 steps that skl2onnx may insert:
the comparison finds them.
"""

import copy
import warnings
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import onnx
from onnx import TensorProto, helper

from modelwharf.export.converted import Converted, Method, Part, behind_scores
from modelwharf.export.errors import CannotExport, no_conversion
from modelwharf.export.graph import INPUT, OPSET, OUTPUT, TREE_DOMAIN, TREE_OPSET, Graph
from modelwharf.export.scikit_trees import (
    add_model,
    flatten,
    is_bit_exact,
    is_tree_model,
    trained_sums,
)
from modelwharf.export.trees import add_trees

KNOWN_TREE_OPSET = 3  # the newest ai.onnx.ml that skl2onnx 1.20 accepts
VOTERS = ("SVC", "NuSVC")
SEARCHES = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")


def convert(model: Any, method: Method, columns: int) -> Converted:
    """Convert a fitted estimator or pipeline to a graph. Raises CannotExport."""
    if type(model).__name__ in SEARCHES:
        model = model.best_estimator_
    if is_tree_model(model):
        return _trees(model, method, columns)
    proto = _through_skl2onnx(model, method, columns)
    return Converted(proto, "float64", parts=tuple(_parts(model, method)))


def _trees(model: Any, method: Method, columns: int) -> Converted:
    graph = Graph()
    trees = flatten(model)
    index = _is_labels(model, method)
    proto = graph.model(add_model(graph, INPUT, model, trees, method), columns, index=index)
    exactness: Literal["bits", "float64"] = "bits" if is_bit_exact(model, method) else "float64"
    if exactness == "bits" and not index:
        return Converted(proto, exactness, trees)
    alone = Graph()
    sums = alone.model(add_trees(alone, INPUT, trees), columns)
    return behind_scores(proto, exactness, Converted(sums, "bits", trees), trained_sums(model))


def _parts(model: Any, method: Method) -> Iterator[Part]:
    """Yield the trees at a pipeline's end: their thresholds are on columns that earlier steps
    compute.
    """
    steps = getattr(model, "steps", None)
    if steps is None or len(steps) < 2:
        return
    name, last = steps[-1]
    if is_tree_model(last):
        before, answer = model[:-1], getattr(last, method)
        yield Part(
            f"step {name!r} ({type(last).__name__})",
            _trees(last, "predict" if method == "predict" else method, last.n_features_in_),
            _indices(last, answer) if _is_labels(last, method) else answer,
            before.transform,
        )


def _is_labels(model: Any, method: Method) -> bool:
    return method == "predict" and hasattr(model, "classes_")


def _indices(model: Any, answer: Any) -> Any:
    return lambda rows: model.classes_.searchsorted(answer(rows))


def _through_skl2onnx(model: Any, method: Method, columns: int) -> onnx.ModelProto:
    try:
        import skl2onnx
        from skl2onnx.common.data_types import DoubleTensorType
    except ModuleNotFoundError:
        raise CannotExport(
            f"{type(model).__name__} is converted by skl2onnx, which is not installed: "
            "pip install skl2onnx==1.20.0"
        ) from None
    from modelwharf.export.skl2onnx_steps import register_steps
    from modelwharf.export.skl2onnx_trees import register_trees

    register_steps()
    register_trees()
    _refuse_unknown(model)
    model = _by_number(model)
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    classifier = hasattr(model, "classes_")
    options: dict[int, dict[str, object]] = {}
    if classifier:
        allowed = _allowed_options(last)
        options[id(last)] = {"zipmap": False} if "zipmap" in allowed else {}
        # Labels also come from scores: probabilities may be equal where scores are not.
        if method != "predict_proba" and hasattr(last, "decision_function"):
            options[id(last)] |= {"raw_scores": True} if "raw_scores" in allowed else {}
        votes = type(last).__name__ in VOTERS and len(model.classes_) > 2
        if votes and method == "decision_function":
            raise no_conversion(type(last).__name__, "it scores three classes and more by votes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # skl2onnx's own deprecation warnings
            proto = skl2onnx.convert_sklearn(
                model,
                initial_types=[(INPUT, DoubleTensorType([None, columns]))],
                target_opset={"": OPSET, TREE_DOMAIN: KNOWN_TREE_OPSET},
                options=options,
            )
    except CannotExport:
        raise
    except Exception as error:  # skl2onnx's parts may raise anything
        reason = " ".join(str(error).split())[:300]
        raise no_conversion(type(model).__name__, f"skl2onnx says: {reason}") from error
    proto = _only(proto, proto.graph.output[0 if method == "predict" or not classifier else 1].name)
    if classifier and method == "predict":
        return _ending(proto, "LabelEncoder", TensorProto.INT64, **_places(model.classes_))
    if classifier and method == "decision_function" and len(model.classes_) == 2:
        second = {"value_ints": [1]}
        return _ending(proto, "Gather", TensorProto.DOUBLE, constant=second, axis=1)
    return proto


def _places(classes: Any) -> dict[str, Any]:
    """Return LabelEncoder's attributes that map a label to its index."""
    places = list(range(len(classes)))
    if classes.dtype.kind in "OUS":
        return {"keys_strings": [str(one) for one in classes], "values_int64s": places}
    return {"keys_int64s": [int(one) for one in classes], "values_int64s": places}


def _ending(
    proto: onnx.ModelProto,
    operator: str,
    kind: int,
    constant: dict[str, Any] | None = None,
    **attributes: Any,
) -> onnx.ModelProto:
    """Return the graph with one more node at its end, which may take a constant too."""
    inputs = [proto.graph.output[0].name]
    if constant is not None:
        proto.graph.node.append(helper.make_node("Constant", [], ["last_constant"], **constant))
        inputs.append("last_constant")
    domain = TREE_DOMAIN if operator == "LabelEncoder" else ""
    proto.graph.node.append(
        helper.make_node(operator, inputs, [OUTPUT], OUTPUT, domain=domain, **attributes)
    )
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info(OUTPUT, kind, None))
    return proto


def _allowed_options(model: Any) -> Any:
    from skl2onnx._supported_operators import sklearn_operator_name_map
    from skl2onnx.common._registration import get_converter

    alias = sklearn_operator_name_map.get(type(model))
    return (get_converter(alias).get_allowed_options() if alias else None) or {}


def _only(proto: onnx.ModelProto, wanted: str) -> onnx.ModelProto:
    """Return the graph with only the nodes that the wanted output needs."""
    needed = {wanted}
    kept: list[onnx.NodeProto] = []
    for node in reversed(proto.graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    output = next(one for one in proto.graph.output if one.name == wanted)
    constants = [one for one in proto.graph.initializer if one.name in needed]
    graph = onnx.helper.make_graph(
        kept[::-1], "model", list(proto.graph.input), [output], constants
    )
    smaller = onnx.ModelProto()
    smaller.CopyFrom(proto)
    smaller.graph.CopyFrom(graph)
    del smaller.opset_import[:]
    smaller.opset_import.extend(
        [
            onnx.helper.make_opsetid("", OPSET),
            onnx.helper.make_opsetid(TREE_DOMAIN, TREE_OPSET),  # for our trees
        ]
    )
    return smaller


def _by_number(model: Any) -> Any:
    """Return a copy whose ColumnTransformers use column numbers: the graph's input is a matrix.

    Boolean classes become numbers in it, because skl2onnx takes them for strings. Steps that pass
    everything through are removed, because skl2onnx takes their names for estimators.
    """
    numbered = copy.deepcopy(model)
    for _, one in _walk("", numbered):
        if hasattr(one, "steps"):
            one.steps = [
                (name, step)
                for name, step in one.steps
                if step is not None and not isinstance(step, str)
            ]
        classes = vars(one).get("classes_")
        if isinstance(classes, np.ndarray) and classes.dtype.kind == "b":
            one.classes_ = classes.astype("int64")
        if _is_vote(one):  # skl2onnx refuses options of its transform, which is not called
            one.flatten_transform = False
        if _is_columns(one):  # columns by names, masks and slices
            places = one._transformer_to_input_indices
            one.transformers_ = [
                (name, step, list(places[name])) for name, step, _ in one.transformers_
            ]
    return numbered


def _is_columns(one: Any) -> bool:
    return type(one).__name__ == "ColumnTransformer"


def _is_vote(one: Any) -> bool:
    return type(one).__name__ == "VotingClassifier"


def _walk(name: str, model: Any) -> Iterator[tuple[str, Any]]:
    """Yield the estimator and all estimators inside it, each with its name in the pipeline."""
    yield name, model
    if hasattr(model, "steps"):
        inside = list(model.steps)
    elif _is_columns(model):
        inside = [(step, one) for step, one, _ in model.transformers_]
    elif type(model).__name__ == "FeatureUnion":
        inside = list(model.transformer_list)
    else:
        inside = []
    for step, one in inside:
        if not isinstance(one, str) and one is not None:
            yield from _walk(f"{name}.{step}" if name else step, one)


def _refuse_unknown(model: Any) -> None:
    from skl2onnx._supported_operators import sklearn_operator_name_map as known

    for name, step in _walk("", model):
        holds_others = hasattr(step, "steps") or _is_columns(step)
        if type(step) not in known and not holds_others and type(step).__name__ != "FeatureUnion":
            what = f"step {name!r} ({type(step).__name__})" if name else type(step).__name__
            raise no_conversion(what, "neither Modelwharf nor skl2onnx knows it")
