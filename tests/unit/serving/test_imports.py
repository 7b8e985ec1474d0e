"""What a start does not import: each of these would take a tenth of it or more."""

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.serving.servers import ROOT
from tests.unit.serving.table.toys import artifact

HEAVY = {"click", "email", "pandas", "pyarrow", "pydantic", "scipy", "sklearn"}
START = """
import json, sys
from pathlib import Path
from modelwharf.serving.__main__ import TABLE, Loading
loading = Loading(lambda: TABLE.find(Path(sys.argv[1])))
assert loading.found(60)
from modelwharf.serving.app import App
from modelwharf.serving.server import Server
Server(App(loading.result()))
print(json.dumps(sorted(sys.modules)))
"""


def run(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_server_with_a_table_model_has_imported_nothing_heavy(tmp_path: Path) -> None:
    imported = set(json.loads(run(START, str(artifact(tmp_path / "model")))))
    assert {"onnxruntime", "httptools", "uvloop"} <= imported
    assert not imported & HEAVY
