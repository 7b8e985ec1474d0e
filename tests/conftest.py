"""In which order files are run, which of them one worker runs alone, and what they needed."""

import functools
import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from modelwharf.contracts.laptop import USED_GRANTS
from tests.used_grants import REASONS, Notes, faults

# Those that take longest, the longest first: begun last, one would keep a single worker busy
# while the others have nothing left. By default those with the fewest tests come last, as these.
LONGEST = (
    "tests/release/test_exemplar.py",
    "tests/unit/laptop/ml/test_transform.py",  # the other worker's, while the stack is made
    "tests/release",
    "tests/infra",
    "tests/unit/laptop/core/test_offer.py",
    "tests/unit/laptop/ml/test_training.py",
    "tests/unit/serving/table/test_json_format.py",
    "tests/unit/lambdas/test_start_release.py",
    "tests/unit/laptop/core/test_many_at_once.py",
    "tests/unit/training/test_program.py",
    "tests/unit/statemachine/test_commands.py",
    "tests/unit/lambdas/test_order.py",
    "tests/unit/serving/test_fuzz.py",
    "tests/unit/laptop/stepfunctions/test_release.py",
    "tests/unit/laptop/ml/test_codebuild.py",
    "tests/unit/laptop/stepfunctions/test_tasks.py",
    "tests/unit/doctor/test_serving.py",
    "tests/unit/serving/test_workers.py",
    "tests/unit/laptop/core/test_server_process.py",
    # They build images, whose layers the files after them find in the engine's cache.
    "tests/containers/test_release.py",
    "tests/containers/test_foreign.py",
    "tests/containers/test_doctor.py",
    "tests/containers/test_lost_engine.py",
)
# What takes long the first time alone: a synthesis, and a cloud whose first model serves.
TOGETHER = ("tests/infra", "tests/release")
APART = (  # they have clouds of their own
    "tests/release/test_exemplar.py",
    "tests/release/test_scikit_learn_project.py",
    "tests/release/test_reliability.py",
    "tests/release/test_selftest.py",
)
# Forty examinations that share nothing and wait for containers: one worker would end last.
ONE_BY_ONE = "tests/containers/test_doctor.py"
LAST = "tests/release/test_destroy.py"  # it takes its cloud's stack down


class TogetherOrByFile(LoadFileScheduling):  # type: ignore[misc]
    """``--dist loadfile``; some folders count as one file, and each test of a file as one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file == ONE_BY_ONE:
            return nodeid
        if file in APART:
            return file
        return next((folder for folder in TOGETHER if file.startswith(f"{folder}/")), file)


# As in the Makefile, for who runs pytest alone: hundreds of programs are started here.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

FOUND = pytest.StashKey[list[str]]()
FOLDER = pytest.StashKey[Path]()


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
        config.stash[FOLDER] = Path(tempfile.mkdtemp(prefix="used-grants-"))
        os.environ[USED_GRANTS] = str(config.stash[FOLDER])


def _of_all_tests(config: pytest.Config) -> bool:
    """Whether the run leaves none out."""
    choices = ("keyword", "markexpr", "deselect", "lf", "ignore", "ignore_glob", "collectonly")
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(
        config.getoption(choice, None) for choice in choices
    )


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    folder = config.stash.get(FOLDER, None)
    if folder is None:  # a worker, or a run that a test started and that inherited the variable
        return
    del os.environ[USED_GRANTS]
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


def pytest_xdist_auto_num_workers() -> int:
    """One more than this process may use cores: a worker often waits for programs it started."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (usable or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    if config.getoption("dist") != "loadfile":
        return None
    return TogetherOrByFile(config, log)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    @functools.cache
    def rank(file: str) -> int:
        ranks = (n for n, start in enumerate(LONGEST) if file.startswith(start))
        return len(LONGEST) + 1 if file.startswith(LAST) else next(ranks, len(LONGEST))

    items.sort(key=lambda item: rank(item.nodeid.partition("::")[0]))
