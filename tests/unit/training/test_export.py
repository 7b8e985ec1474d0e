import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from training.export import ExportDiffers, check_same, runner, to_onnx
from training.model import DriftRegressor


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    random = np.random.default_rng(0)
    return np.column_stack([random.normal(size=(3000, 4)), random.integers(1, 31, 3000)])


@pytest.fixture(scope="module")
def model(rows: np.ndarray) -> DriftRegressor:
    return DriftRegressor(0.1).fit(rows, rows[:, 0] * 3 - rows[:, 1])


def test_the_graph_answers_as_the_model(model: DriftRegressor, rows: np.ndarray) -> None:
    assert check_same(runner(to_onnx(model))(rows), model.predict(rows)) < 1e-12


def test_the_graph_is_float64_throughout(model: DriftRegressor) -> None:
    graph = onnx.shape_inference.infer_shapes(to_onnx(model)).graph
    kinds = {
        value.type.tensor_type.elem_type
        for value in (*graph.input, *graph.output, *graph.value_info)
    }
    assert kinds == {onnx.TensorProto.DOUBLE}


def test_a_graph_with_float32_coefficients_is_refused(
    model: DriftRegressor, rows: np.ndarray
) -> None:
    proto = to_onnx(model)
    (weights,) = [one for one in proto.graph.initializer if one.name == "coefficients"]
    rounded = numpy_helper.to_array(weights).astype(np.float32).astype(np.float64)
    weights.CopyFrom(numpy_helper.from_array(rounded, "coefficients"))
    with pytest.raises(ExportDiffers, match=r"differs from the trained one by .* scales"):
        check_same(runner(proto)(rows), model.predict(rows))


def test_an_answer_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ExportDiffers):
        check_same(np.array([0.0, np.nan]), np.array([0.0, 1.0]))
