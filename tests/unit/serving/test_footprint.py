import shutil
from pathlib import Path

import numpy as np
import pytest

from modelwharf.serving.footprint import AHEAD, SESSION, footprint, prefault_size
from modelwharf.serving.memory import MIB
from modelwharf.serving.served import ModelBroken


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    return path


def test_an_artifact_needs_more_than_its_files(model_folder: Path) -> None:
    files = sum(path.stat().st_size for path in model_folder.iterdir())
    assert SESSION + files < footprint(model_folder) < SESSION + 3 * files


def test_trees_need_many_times_their_file(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"\0" * MIB)
    plain = footprint(folder)
    (folder / "model.onnx").write_bytes(b"\0" * MIB + b"TreeEnsembleRegressor")
    assert footprint(folder) > 7 * plain - 7 * SESSION


def test_compressed_arrays_count_as_they_unpack(folder: Path) -> None:
    np.savez_compressed(folder / "origins.npz", zeros=np.zeros(MIB))
    assert (folder / "origins.npz").stat().st_size < MIB / 10
    assert footprint(folder) > 8 * MIB


def test_an_empty_graph_needs_little(folder: Path) -> None:
    (folder / "model.onnx").touch()
    assert footprint(folder) == SESSION


def test_an_archive_that_is_none_is_named(folder: Path, model_folder: Path) -> None:
    shutil.copytree(model_folder, folder, dirs_exist_ok=True)
    (folder / "origins.npz").write_bytes(b"garbage")
    with pytest.raises(ModelBroken, match=r"origins\.npz is not an archive of arrays"):
        footprint(folder)


def test_memory_is_fetched_ahead_for_trees_alone(folder: Path) -> None:
    assert prefault_size(folder) == 0
    (folder / "model.onnx").write_bytes(b"Gemm" + b"\0" * MIB)
    assert prefault_size(folder) == 0
    (folder / "model.onnx").write_bytes(b"TreeEnsemble" + b"\0" * MIB)
    assert MIB < prefault_size(folder) <= footprint(folder)
    (folder / "model.onnx").write_bytes(b"TreeEnsemble" + b"\0" * 100 * MIB)
    assert prefault_size(folder) == AHEAD
    assert prefault_size(folder / "nowhere") == 0
