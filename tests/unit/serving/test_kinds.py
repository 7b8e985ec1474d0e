from pathlib import Path

import pytest

from inference.__main__ import KINDS
from inference.forecaster import Forecaster
from modelwharf.serving.kinds import TABLE
from modelwharf.serving.served import ModelBroken, Served
from modelwharf.serving.table.model import TableModel
from tests.unit.serving.table.toys import artifact


def test_a_folder_is_loaded_by_the_kind_in_its_contract(tmp_path: Path, model_folder: Path) -> None:
    table: Served = KINDS.load(artifact(tmp_path / "table"))
    forecaster: Served = KINDS.load(model_folder)
    assert isinstance(table, TableModel)
    assert isinstance(forecaster, Forecaster)
    assert forecaster.description.startswith("forecasts of wti, brent, with onnxruntime 1.")


def test_a_contract_without_a_kind_is_a_forecasts(model_folder: Path, tmp_path: Path) -> None:
    for name in ("model.onnx", "origins.npz"):
        (tmp_path / name).symlink_to(model_folder / name)
    text = (model_folder / "contract.json").read_text()
    (tmp_path / "contract.json").write_text(text.replace('"kind":"forecast",', ""))
    assert isinstance(KINDS.load(tmp_path), Forecaster)


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
        KINDS.load(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "contract.json"))
    assert reason in str(caught.value)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "contract.json").mkdir()
    with pytest.raises(ModelBroken, match=r"contract\.json"):
        KINDS.load(tmp_path)


def test_the_server_alone_knows_tables_and_no_kind_of_somebody_else(model_folder: Path) -> None:
    with pytest.raises(ModelBroken, match="kind is 'forecast'; it must be table"):
        TABLE.load(model_folder)


def test_without_a_kind_for_it_a_contract_that_names_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "contract.json").write_text("{}")
    with pytest.raises(ModelBroken, match="it must be table"):
        TABLE.load(tmp_path)
