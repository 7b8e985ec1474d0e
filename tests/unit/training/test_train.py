import json
import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inference.forecaster import Forecaster
from modelwharf.artifact.evaluation import EvaluationReport, HoldoutRow
from modelwharf.artifact.forecast import Forecast, ForecastContract, ForecastRequest
from modelwharf.contracts.parameters import Training
from tests.unit.training.walks import prepared, walk, write_hyperparameters
from training.folders import Folders
from training.train import train
from training.trust import Trust

PNG = b"\x89PNG\r\n\x1a\n"


def test_the_model_folder_holds_the_artifact_and_nothing_else(trained: Folders) -> None:
    names = sorted(path.name for path in trained.model.iterdir())
    assert names == ["contract.json", "model.onnx", "origins.npz"]


def test_the_contract_names_products_features_and_the_newest_day(trained: Folders) -> None:
    contract = ForecastContract.model_validate_json((trained.model / "contract.json").read_bytes())
    assert contract.products == ("wti", "brent")
    assert contract.feature_names[-1] == "horizon"
    assert contract.latest_origin["wti"] == walk().index[-1].date()
    assert {width.product for width in contract.intervals} == {"wti", "brent"}


def test_the_origins_need_no_pickle_and_fit_the_contract(trained: Folders) -> None:
    contract = ForecastContract.model_validate_json((trained.model / "contract.json").read_bytes())
    with np.load(trained.model / "origins.npz", allow_pickle=False) as arrays:
        features = arrays["wti.features"]
        assert features.dtype == np.float64
        assert features.shape == (len(arrays["wti.date"]), len(contract.feature_names) - 1)


def test_the_evaluation_has_the_gates_metrics(trained: Folders) -> None:
    text = (trained.output_data / "evaluation.json").read_bytes()
    report = EvaluationReport.model_validate_json(text)
    assert {"mae", "rmse", "mape", "skill"} <= set(report.metrics)
    assert {"wti", "brent"} == set(report.slices["product"])
    assert report.holdout_rows > 1000


def test_the_holdout_is_a_sample_of_questions_with_answers(trained: Folders) -> None:
    lines = (trained.output_data / "holdout.jsonl").read_text().splitlines()
    rows = [HoldoutRow.model_validate_json(line) for line in lines]
    assert len(rows) == 500
    answers = [Forecast.model_validate_json(json.dumps(row.prediction)) for row in rows]
    for row, answer in zip(rows, answers, strict=True):
        asked = ForecastRequest.model_validate_json(json.dumps(row.request))
        assert (asked.product, asked.date, asked.as_of) == (
            answer.product,
            answer.date,
            answer.as_of,
        )
        assert answer.low <= answer.forecast <= answer.high


def test_the_first_lines_of_the_holdout_represent_it(trained: Folders) -> None:
    lines = (trained.output_data / "holdout.jsonl").read_text().splitlines()[:50]
    first = [json.loads(line)["prediction"] for line in lines]
    assert {row["product"] for row in first} == {"wti", "brent"}
    assert min(row["horizon"] for row in first) <= 5
    assert max(row["horizon"] for row in first) >= 25


def test_the_plot_is_a_picture(trained: Folders) -> None:
    content = (trained.output_data / "holdout.png").read_bytes()
    assert content.startswith(PNG)
    assert len(content) > 20_000


def test_the_log_has_the_lines_that_the_metric_definitions_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = prepared(tmp_path, {"wti": walk()})
    report = train(folders)
    log = capsys.readouterr().out
    for definition in Training().metric_definitions:
        found = re.findall(definition.regex, log)
        name = definition.name.removeprefix("holdout:")
        assert [float(value) for value in found] == [
            pytest.approx(report.metrics[name].value, abs=1e-6)
        ]


def constant(days: int = 700) -> pd.Series:
    return pd.Series(50.1, index=pd.bdate_range("2015-01-01", periods=days))


def test_a_price_that_stands_still_is_forecast_exactly_and_served(tmp_path: Path) -> None:
    folders = prepared(tmp_path, {"wti": constant()})
    metrics = train(folders).metrics
    assert (metrics["skill"].value, metrics["mae"].value, metrics["coverage"].value) == (0, 0, 1)
    question = ForecastRequest(product="wti", date=constant().index[-1].date() + timedelta(7))
    (answer,) = Forecaster.load(folders.model).answer([question])
    assert (answer.low, answer.forecast, answer.high) == (50.1, 50.1, 50.1)


def test_the_log_says_why_skill_was_not_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "training.train.choose_trust", lambda *_: Trust(1.0, 1.0, gain=1.0, error=0.0, blocks=9)
    )
    prices = constant()
    prices.iloc[:450] += np.random.default_rng(0).normal(0.2, 1, 450).cumsum()
    report = train(prepared(tmp_path, {"wti": prices}))
    assert "skill" not in report.metrics
    assert "holdout skill was not measured: the random walk made no error" in (
        capsys.readouterr().out
    )


def test_the_same_data_and_seed_make_the_same_files(tmp_path: Path, trained: Folders) -> None:
    again = prepared(
        tmp_path,
        {"wti": walk(), "brent": walk(seed=1), "sp500": walk(seed=2)},
        {"features": ["sp500"]},
    )
    write_hyperparameters(again, bootstrap_resamples="100", seed="7")
    train(again)
    for name in ("model/model.onnx", "model/contract.json", "output/data/holdout.jsonl"):
        assert (again.base / name).read_bytes() == (trained.base / name).read_bytes(), name
    with (
        np.load(again.model / "origins.npz") as one,
        np.load(trained.model / "origins.npz") as two,
    ):
        assert all(np.array_equal(one[name], two[name]) for name in two.files)


def test_only_days_that_the_model_did_not_learn_from_can_be_asked_for(trained: Folders) -> None:
    lines = (trained.output_data / "holdout.jsonl").read_text().splitlines()
    asked = [json.loads(line)["request"]["as_of"] for line in lines]
    with np.load(trained.model / "origins.npz") as arrays:
        assert str(arrays["wti.date"].min()) <= min(asked)
        assert len(arrays["wti.date"]) < 200
