"""The lock of `make demo` is a part of the whole one."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = ("requirements.lock", "requirements-demo.lock")


def pins(lock: str) -> dict[str, str]:
    """Package → version and marker."""
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*(?:\[[^]]*\])?)==(.*?) \\$", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_hashes_everything(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|index-url|trusted-host|find-links| @ ", text)
    assert text.count("--hash=sha256:") >= len(pins(lock)) > 50


def test_the_demo_runs_with_the_versions_that_the_tests_run_with() -> None:
    whole = {name: text.split(" ")[0] for name, text in pins("requirements.lock").items()}
    demo = {name: text.split(" ")[0] for name, text in pins("requirements-demo.lock").items()}
    assert {name: whole.get(name) for name in demo} == demo
    assert len(demo) < len(whole)


def test_the_demo_installs_neither_test_tools_nor_the_sdk_of_2022() -> None:
    assert not pins("requirements-demo.lock").keys() & {
        *("hypothesis", "mypy", "pytest", "ruff"),
        *("lightgbm", "onnx", "pandas", "sagemaker", "stepfunctions"),
    }
