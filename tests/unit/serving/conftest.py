from pathlib import Path

import pytest

from inference.forecaster import Forecaster
from tests.unit.training.walks import prepared, walk
from training.folders import Folders
from training.train import train


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """What a training job left; the newest wti price is of Wednesday, 2018-01-24."""
    folders = prepared(tmp_path_factory.mktemp("trained"), {"wti": walk(), "brent": walk(seed=1)})
    train(folders)
    return folders


@pytest.fixture(scope="session")
def model_folder(trained: Folders) -> Path:
    return trained.model


@pytest.fixture(scope="session")
def forecaster(model_folder: Path) -> Forecaster:
    return Forecaster.load(model_folder)
