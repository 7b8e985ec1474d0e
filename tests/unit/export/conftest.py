from collections.abc import Iterator

import lightgbm  # noqa: F401 - its OpenMP must be there to be limited
import pytest
import xgboost  # noqa: F401
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """On a busy machine OpenMP's threads wait for each other longer than they work."""
    with threadpool_limits(1):
        yield
