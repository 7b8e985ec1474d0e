"""In which order files are run, which of them one worker runs alone, and what they needed."""

import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from contracts.laptop import USED_GRANTS
from tests.used_grants import REASONS, Notes, faults

# Those that take longest, the longest first: begun last, one would keep a single worker busy
# while the others have nothing left. By default those with the fewest tests come last, as these.
LONGEST = (
    "tests/release/test_exemplar.py",
    "tests/unit/localcloud/ml/test_transform.py",  # the other worker's, while the stack is made
    "tests/release",
    "tests/infra",
    "tests/unit/localcloud/core/test_offer.py",
    "tests/unit/localcloud/ml/test_training.py",
    "tests/unit/inference/table/test_json_format.py",
    "tests/unit/lambdas/test_start_release.py",
    "tests/unit/localcloud/core/test_many_at_once.py",
    "tests/unit/training/test_program.py",
    "tests/unit/statemachine/test_commands.py",
    "tests/unit/lambdas/test_order.py",
    "tests/unit/inference/test_fuzz.py",
    "tests/unit/localcloud/stepfunctions/test_release.py",
    "tests/unit/localcloud/ml/test_codebuild.py",
    "tests/unit/localcloud/stepfunctions/test_tasks.py",
    "tests/unit/doctor/test_serving.py",
    "tests/unit/inference/test_workers.py",
    "tests/unit/localcloud/core/test_server_process.py",
)
# What takes long the first time alone: a synthesis, and a cloud whose first model serves.
TOGETHER = ("tests/infra", "tests/release")
APART = (  # they have clouds of their own
    "tests/release/test_exemplar.py",
    "tests/release/test_scikit_learn_example.py",
    "tests/release/test_reliability.py",
    "tests/release/test_selftest.py",
)
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

FOUND = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--grants",
        action="store_true",
        help="list the template's grants that nothing in this run needed; a run of all tests "
        "fails for one",
    )


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        gc.disable()  # until all is imported and collected, which stays
    config.option.loadscopereorder = False  # by the number of tests; the order here is kept
    wanted = config.getoption("grants") or _of_all_tests(config)
    if not hasattr(config, "workerinput") and wanted:
        # Workers and clouds inherit it.
        os.environ[USED_GRANTS] = tempfile.mkdtemp(prefix="used-grants-")


def _of_all_tests(config: pytest.Config) -> bool:
    """Whether the run leaves none out."""
    choices = ("keyword", "markexpr", "deselect", "lf", "ignore", "ignore_glob", "collectonly")
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(
        config.getoption(choice, None) for choice in choices
    )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if hasattr(config, "workerinput") or USED_GRANTS not in os.environ:
        return
    folder = Path(os.environ.pop(USED_GRANTS))
    passed = exitstatus == pytest.ExitCode.OK
    if passed or config.getoption("grants"):  # a test that failed may have left grants unasked for
        config.stash[FOUND] = faults(Notes.read(folder), REASONS)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    if passed and _of_all_tests(config) and config.stash[FOUND]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    found = config.stash.get(FOUND, [])
    if found:
        terminalreporter.section("grants of the template (tests/used_grants.py)")
        for line in found:
            terminalreporter.line(line, red=True)
        terminalreporter.line("Test each, take it away, or give a reason.")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    if config.getoption("dist") != "loadfile":
        return None
    return TogetherOrByFile(config, log)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        ranks = (n for n, start in enumerate(LONGEST) if item.nodeid.startswith(start))
        return len(LONGEST) + 1 if item.nodeid.startswith(LAST) else next(ranks, len(LONGEST))

    items.sort(key=rank)
