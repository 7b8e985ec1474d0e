"""In which order files are run, and which of them one worker runs alone."""

import os
import sys
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# Those that take longest, the longest first: begun last, one would keep a single worker busy
# while the others have nothing left. By default those with the fewest tests come last, as these.
LONGEST = (
    "tests/release/test_exemplar.py",
    "tests/release/test_scikit_learn_example.py",
    "tests/release/test_reliability.py",
    "tests/release",
    "tests/unit/localcloud/ml/test_process_engine.py",
    "tests/infra",
    "tests/unit/inference/table/test_json_format.py",
    "tests/unit/localcloud/stepfunctions/test_release.py",
    "tests/unit/localcloud/ml/test_codebuild.py",
    "tests/unit/localcloud/stepfunctions/test_tasks.py",
    "tests/unit/doctor/test_serving.py",
    "tests/unit/inference/test_workers.py",
    "tests/unit/localcloud/core/test_server_process.py",
)
# What takes long the first time alone: a synthesis, and a cloud whose first model serves.
TOGETHER = ("tests/infra", "tests/release")
APART = LONGEST[:3]  # they have clouds of their own
LAST = "tests/release/test_leaving.py"  # it takes its cloud's stack down


class TogetherOrByFile(LoadFileScheduling):  # type: ignore[misc]
    """``--dist loadfile``, with folders that count as one file."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file in APART:
            return file
        return next((folder for folder in TOGETHER if file.startswith(f"{folder}/")), file)


# As in the Makefile, for who runs pytest alone: hundreds of programs are started here.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # by the number of tests; the order here is kept


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    if config.getoption("dist") != "loadfile":
        return None
    return TogetherOrByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        ranks = (n for n, start in enumerate(LONGEST) if item.nodeid.startswith(start))
        return len(LONGEST) + 1 if item.nodeid.startswith(LAST) else next(ranks, len(LONGEST))

    items.sort(key=rank)
