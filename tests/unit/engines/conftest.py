"""Environments of images, kept for the whole session, as they are between clouds."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    before = os.environ.get("MODELWHARF_CACHE")
    os.environ["MODELWHARF_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["MODELWHARF_CACHE"]
    else:
        os.environ["MODELWHARF_CACHE"] = before
