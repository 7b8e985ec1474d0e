import pytest

from tests.unit.training.walks import prepared, walk, write_hyperparameters
from training.folders import Folders
from training.train import train


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """One finished training job on two products and a helping series."""
    folders = prepared(
        tmp_path_factory.mktemp("trained"),
        {"wti": walk(), "brent": walk(seed=1), "sp500": walk(seed=2)},
        {"features": ["sp500"]},
    )
    write_hyperparameters(folders, bootstrap_resamples="100", seed="7")
    train(folders)
    return folders
