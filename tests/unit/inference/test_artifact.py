from pathlib import Path

import pytest

from inference.artifact import load
from inference.forecast.forecaster import Forecaster
from inference.served import ModelBroken, Served
from inference.table.model import TableModel
from tests.unit.inference.table.toys import artifact


def test_a_folder_is_loaded_by_the_kind_in_its_contract(tmp_path: Path, model_folder: Path) -> None:
    table: Served = load(artifact(tmp_path / "table"))
    forecaster: Served = load(model_folder)
    assert isinstance(table, TableModel)
    assert isinstance(forecaster, Forecaster)
    assert forecaster.description.startswith("forecasts of wti, brent, with onnxruntime 1.")


def test_a_contract_without_a_kind_is_a_forecasts(model_folder: Path, tmp_path: Path) -> None:
    for name in ("model.onnx", "origins.npz"):
        (tmp_path / name).symlink_to(model_folder / name)
    text = (model_folder / "contract.json").read_text()
    (tmp_path / "contract.json").write_text(text.replace('"kind":"forecast",', ""))
    assert isinstance(load(tmp_path), Forecaster)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "is missing"),
        ("garbage", "is not JSON: Expecting value"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"kind": "oracle"}', "kind is 'oracle'; it must be table or forecast"),
        ('{"kind": ["table"]}', "it must be table or forecast"),
    ],
)
def test_a_contract_that_names_no_kind_is_refused(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    if text is not None:
        (tmp_path / "contract.json").write_text(text)
    with pytest.raises(ModelBroken) as caught:
        load(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "contract.json"))
    assert reason in str(caught.value)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "contract.json").mkdir()
    with pytest.raises(ModelBroken, match=r"contract\.json"):
        load(tmp_path)
