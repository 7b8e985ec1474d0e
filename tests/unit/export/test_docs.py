"""The programs in docs/export.md run as they stand."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwharf import export

TEXT = (Path(__file__).parents[3] / "docs" / "export.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)


def title(program: str) -> str:
    return next(line for line in program.splitlines() if line.startswith(("from", "import")))


def test_the_page_has_a_program_for_each_library() -> None:
    assert len(PROGRAMS) >= 6


@pytest.mark.parametrize("program", PROGRAMS, ids=title)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_a_program_of_the_page_writes_an_artifact(program: str, tmp_path: Path) -> None:
    if "import torch" in program:
        pytest.importorskip("onnxscript", reason="PyTorch and onnxscript are not installed here")
    random = np.random.default_rng(0)
    rows = random.normal(size=(600, 3))
    target = rows[:, 0] * 2 - rows[:, 1]
    names: dict[str, Any] = {
        "np": np,
        "export": export,
        "X_train": rows[:400],
        "y_train": target[:400],
        "rises_train": (target > 0)[:400],
        "X_holdout": rows[400:],
    }
    here = program.replace("/opt/ml/model", str(tmp_path / "model"))
    exec(compile(here, "docs/export.md", "exec"), names)  # noqa: S102 - our own page
    assert (tmp_path / "model" / "contract.json").is_file()
