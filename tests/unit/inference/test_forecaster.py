import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from inference.forecaster import Forecaster
from modelwharf.artifact.evaluation import HoldoutRow
from modelwharf.artifact.forecast import ForecastRequest
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.served import ModelBroken
from training.folders import Folders

LATEST = date(2018, 1, 24)  # a Wednesday


def ask(product: str, day: str, as_of: str | None = None) -> ForecastRequest:
    return ForecastRequest.model_validate_json(
        json.dumps({"product": product, "date": day, "as_of": as_of})
    )


def refused(forecaster: Forecaster, *requests: ForecastRequest) -> str:
    with pytest.raises(Refusal) as caught:
        forecaster.answer(requests)
    assert caught.value.status == 400
    return caught.value.reason


def test_every_answer_of_the_holdout_is_given_again(
    forecaster: Forecaster, trained: Folders
) -> None:
    lines = (trained.output_data / "holdout.jsonl").read_text().splitlines()
    rows = [HoldoutRow.model_validate_json(line) for line in lines]
    requests = [ForecastRequest.model_validate_json(json.dumps(row.request)) for row in rows]
    for row, answer in zip(rows, forecaster.answer(requests), strict=True):
        given = answer.model_dump(mode="json")
        assert isinstance(row.prediction, dict)
        assert given.keys() == row.prediction.keys()
        for name, value in row.prediction.items():
            assert given[name] == (
                pytest.approx(value, rel=0, abs=1e-6) if isinstance(value, float) else value
            )


def test_without_as_of_the_newest_day_is_known(forecaster: Forecaster) -> None:
    (answer,) = forecaster.answer([ask("wti", "2018-01-29")])
    assert (answer.as_of, answer.horizon) == (LATEST, 3)
    assert answer.low < answer.forecast < answer.high


def test_an_interval_is_wider_further_ahead(forecaster: Forecaster) -> None:
    near, far = forecaster.answer([ask("wti", "2018-01-25"), ask("wti", "2018-03-07")])
    assert (near.horizon, far.horizon) == (1, 30)
    assert far.high - far.low > 2 * (near.high - near.low)


def test_a_batch_answers_as_its_requests_alone(forecaster: Forecaster) -> None:
    requests = [ask("wti", "2018-01-25"), ask("brent", "2018-02-20"), ask("wti", "2018-02-09")]
    alone = [forecaster.answer([request])[0] for request in requests]
    for one, other in zip(forecaster.answer(requests), alone, strict=True):
        assert one.forecast == pytest.approx(other.forecast, rel=1e-12)


def test_an_unknown_product_is_refused_with_the_known_ones(forecaster: Forecaster) -> None:
    reason = refused(forecaster, ask("gold", "2018-01-25"))
    assert reason == "unknown product 'gold'; known products: wti, brent"
    assert len(refused(forecaster, ask("gold" * 100_000, "2018-01-25"))) < 200


@pytest.mark.parametrize("day", ["2018-01-24", "2018-01-23", "2001-01-03"])
def test_a_day_that_is_not_ahead_is_refused(forecaster: Forecaster, day: str) -> None:
    assert f"date {day} is not after 2018-01-24" in refused(forecaster, ask("wti", day))


def test_a_weekend_is_refused_by_its_name(forecaster: Forecaster) -> None:
    assert "2018-01-27 is a Saturday" in refused(forecaster, ask("wti", "2018-01-27"))


def test_a_day_beyond_the_horizon_is_refused_with_the_last_one(forecaster: Forecaster) -> None:
    reason = refused(forecaster, ask("wti", "2018-03-08"))
    assert "31 business days after 2018-01-24; forecasts reach 30, until 2018-03-07" in reason


@pytest.mark.parametrize("day", ["2015-01-05", "2018-01-20", "2018-01-25"])
def test_an_unknown_as_of_is_refused_with_the_known_span(forecaster: Forecaster, day: str) -> None:
    reason = refused(forecaster, ask("wti", "2018-01-29", as_of=day))
    assert f"as_of {day} is not a day" in reason
    assert "and 2018-01-24" in reason


def test_the_refused_request_of_several_is_counted(forecaster: Forecaster) -> None:
    reason = refused(forecaster, ask("wti", "2018-01-25"), ask("gold", "2018-01-25"))
    assert reason.startswith("request 2: unknown product")


@pytest.fixture
def copied(model_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


def broken(folder: Path) -> str:
    with pytest.raises(ModelBroken) as caught:
        Forecaster.load(folder)
    return str(caught.value)


@pytest.mark.parametrize("name", ["contract.json", "model.onnx", "origins.npz"])
def test_a_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    assert broken(copied) == f"{copied / name} is missing"


@pytest.mark.parametrize("name", ["contract.json", "model.onnx", "origins.npz"])
def test_a_file_of_garbage_is_named(copied: Path, name: str) -> None:
    (copied / name).write_bytes(b"garbage")
    assert broken(copied).startswith(str(copied / name))


def test_a_graph_for_other_features_is_refused(copied: Path) -> None:
    contract = json.loads((copied / "contract.json").read_text())
    contract["feature_names"].insert(0, "moon")
    (copied / "contract.json").write_text(json.dumps(contract))
    assert "takes [('features', 'tensor(double)'," in broken(copied)


def test_origins_with_pickled_objects_are_refused(copied: Path) -> None:
    with np.load(copied / "origins.npz") as arrays:
        found = dict(arrays)
    found["wti.price"] = np.array([object()])
    np.savez(copied / "origins.npz", **found)
    assert "does not hold the origins of every product" in broken(copied)


def test_a_model_that_forecasts_no_number_is_refused(copied: Path) -> None:
    with np.load(copied / "origins.npz") as arrays:
        found = dict(arrays)
    found["brent.price"][-1] = np.nan
    np.savez(copied / "origins.npz", **found)
    assert "the model forecasts nan" in broken(copied)


def test_a_horizon_without_an_interval_is_refused(copied: Path) -> None:
    contract = json.loads((copied / "contract.json").read_text())
    contract["intervals"] = [
        width for width in contract["intervals"] if width["bucket"]["first"] != 30
    ]
    (copied / "contract.json").write_text(json.dumps(contract))
    assert "the model cannot forecast wti" in broken(copied)
