import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from modelwharf.artifact.table import CONTRACT_FILE
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.served import ModelBroken
from modelwharf.serving.table.fallback import ALLOW_PICKLE
from modelwharf.serving.table.loading import load_table
from tests.unit.serving.table.toys import NAMES

INPUTS = np.random.default_rng(0).normal(size=(40, 3))
RIDGE = Ridge().fit(INPUTS, INPUTS @ [1.0, 10.0, 100.0])
ALLOWED = {ALLOW_PICKLE: "model.pickle"}


class Double(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A model that skops does not know."""

    def predict(self, rows: Any) -> Any:
        return rows[:, 0] * 2


def folder_of(
    path: Path,
    model: Any,
    predictions: Any,
    *,
    runtime: str = "skops",
    inputs: Any = INPUTS,
    **contract: Any,
) -> Path:
    path.mkdir()
    if runtime == "skops":
        import skops.io  # it takes 3 s, and every worker of xdist imports this file

        skops.io.dump(model, path / "model.skops")
    else:
        (path / "model.pickle").write_bytes(pickle.dumps(model))
    np.savez(path / "holdout.npz", inputs=inputs, predictions=predictions)
    made = {"kind": "table", "runtime": runtime, "columns": NAMES, **contract}
    (path / CONTRACT_FILE).write_text(json.dumps(made))
    return path


def run(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def broken(folder: Path, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ModelBroken) as caught:
        load_table(folder, environment or {})
    return str(caught.value)


def test_a_skops_model_answers_as_the_trained_one_and_is_called_slow(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = load_table(folder_of(tmp_path / "m", RIDGE, RIDGE.predict(INPUTS)))
    assert np.array_equal(model.predict(INPUTS), RIDGE.predict(INPUTS))
    assert "by the slow fallback: Ridge of scikit-learn 1." in model.description
    assert "is served by the slow fallback" in caplog.text


def test_rows_that_the_library_refuses_are_the_clients_to_mend(tmp_path: Path) -> None:
    logs = make_pipeline(FunctionTransformer(np.log1p), Ridge()).fit(abs(INPUTS), INPUTS[:, 0])
    folder = folder_of(tmp_path / "m", logs, logs.predict(abs(INPUTS)), inputs=abs(INPUTS))
    with np.errstate(invalid="ignore"), pytest.raises(Refusal) as caught:
        load_table(folder).predict(-2 - abs(INPUTS[:1]))
    assert caught.value.status == 400
    assert caught.value.reason.startswith("the model refuses these rows: Input X contains NaN.")
    assert "\n" not in caught.value.reason


def test_labels_and_probabilities_are_answered(tmp_path: Path) -> None:
    names = np.array(["cold", "hot"])[(INPUTS[:, 0] > 0).astype(int)]
    forest = RandomForestClassifier(5, n_jobs=2, random_state=0).fit(INPUTS, names)
    places = np.searchsorted(forest.classes_, forest.predict(INPUTS))
    labels = forest.classes_.tolist()
    import skops.io

    trusted = skops.io.get_untrusted_types(data=skops.io.dumps(forest))
    model = load_table(folder_of(tmp_path / "m", forest, places, labels=labels, trusted=trusted))
    exchange = model.exchange("text/csv", "application/json")
    body = ",".join(map(repr, INPUTS[0].tolist())).encode()
    answer = json.loads(exchange.write(exchange.predict(exchange.parse(body))))
    assert answer == {"predictions": [forest.predict(INPUTS[:1])[0]]}
    chances = forest.predict_proba(INPUTS)
    contract = {"method": "predict_proba", "outputs": labels, "trusted": trusted}
    model = load_table(folder_of(tmp_path / "p", forest, chances, **contract))
    assert np.array_equal(model.predict(INPUTS), chances)


def test_a_type_that_nobody_named_is_not_loaded(tmp_path: Path) -> None:
    answers = INPUTS[:, 0] * 2
    folder = folder_of(tmp_path / "m", Double(), answers)
    name = f"{__name__}.Double"
    assert f"holds types that skops does not know as harmless: {name}" in broken(folder)
    named = folder_of(tmp_path / "n", Double(), answers, trusted=(name,))
    assert np.array_equal(load_table(named).predict(INPUTS), answers)


class Named(BaseEstimator):  # type: ignore[misc]
    """A model that fails for rows as people's own functions do."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def predict(self, rows: Any) -> Any:
        if np.isnan(rows).any():
            raise self.error
        return rows[:, 0]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("high"), "the model refuses these rows: KeyError: 'high'"),
        (TypeError("no text"), "the model refuses these rows: TypeError: no text"),
        (OverflowError("too large"), "the model refuses these rows: OverflowError: too large"),
    ],
    ids=repr,
)
def test_rows_at_which_a_function_of_the_models_own_fails_are_refused(
    tmp_path: Path, error: Exception, reason: str
) -> None:
    model = Named(error)
    folder = folder_of(
        tmp_path / "m", model, INPUTS[:, 0], runtime="pickle", takes_missing=list(NAMES)
    )
    with pytest.raises(Refusal) as caught:
        load_table(folder, ALLOWED).predict(np.full((1, 3), np.nan))
    assert (caught.value.status, caught.value.reason) == (400, reason)


def test_a_fault_of_a_fallback_that_is_not_the_rows_is_not_a_refusal(tmp_path: Path) -> None:
    model = Named(OSError("the disk is full"))
    folder = folder_of(
        tmp_path / "m", model, INPUTS[:, 0], runtime="pickle", takes_missing=list(NAMES)
    )
    with pytest.raises(OSError, match="the disk is full"):
        load_table(folder, ALLOWED).predict(np.full((1, 3), np.nan))


def test_a_pickle_is_loaded_only_when_the_operator_names_it(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "m", RIDGE, RIDGE.predict(INPUTS), runtime="pickle")
    for value in ({}, {ALLOW_PICKLE: ""}, {ALLOW_PICKLE: "true"}, {ALLOW_PICKLE: "other.pickle"}):
        reason = broken(folder, value)
        assert "can run any code" in reason
        assert "set WHARF_ALLOW_PICKLE=model.pickle" in reason
    model = load_table(folder, ALLOWED)
    assert np.array_equal(model.predict(INPUTS), RIDGE.predict(INPUTS))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("model.skops", b"garbage", "is not a model that skops wrote"),
        ("model.pickle", b"garbage", "cannot be unpickled"),
        ("model.pickle", b"cnowhere\nModel\n.", "needs a library that is not installed"),
        ("model.pickle", pickle.dumps([1]), "holds a list, which has no predict"),
    ],
)
def test_a_file_that_holds_no_model_is_named(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    runtime = name.partition(".")[2]
    folder = folder_of(tmp_path / "m", RIDGE, RIDGE.predict(INPUTS), runtime=runtime)
    (folder / name).write_bytes(content)
    assert broken(folder, ALLOWED).startswith(f"{folder / name} {reason}")


def test_an_archive_without_a_model_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "m", RIDGE, RIDGE.predict(INPUTS))
    with zipfile.ZipFile(folder / "model.skops", "w") as archive:
        archive.writestr("schema.json", "[]")
    assert "model.skops is not a model that skops wrote" in broken(folder)


def test_a_model_that_answers_otherwise_than_it_did_is_not_served(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "m", RIDGE, RIDGE.predict(INPUTS) + 1)
    assert "row 1, prediction: the trained model answered" in broken(folder)


def test_an_image_without_the_library_says_what_to_install(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "m", RIDGE, RIDGE.predict(INPUTS))
    program = (
        "import sys; sys.modules['skops'] = None\n"
        "from pathlib import Path\nfrom modelwharf.serving.kinds import TABLE\n"
        f"try: TABLE.load(Path({str(folder)!r}))\nexcept Exception as error: print(error)"
    )
    printed = run(program)
    assert "needs a library that is not installed" in printed
    assert "containers/inference/requirements-skops.txt" in printed


def test_a_graph_needs_no_library_of_the_models(tmp_path: Path) -> None:
    from tests.unit.serving.table.toys import artifact

    folder = artifact(tmp_path / "m")
    program = (
        "import sys\nfrom pathlib import Path\nfrom modelwharf.serving.kinds import TABLE\n"
        f"model = TABLE.load(Path({str(folder)!r}))\n"
        "for kind in ('text/csv', 'application/json'):\n"
        "    model.exchange(kind, '')\n"
        "print([name for name in ('sklearn', 'pandas', 'pyarrow', 'skops', 'onnx', 'scipy') "
        "if name in sys.modules])"
    )
    assert run(program) == "[]\n"
