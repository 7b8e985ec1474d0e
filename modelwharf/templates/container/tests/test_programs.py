"""python -m unittest discover tests"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "containers/training/train.py"
sys.path.insert(0, str(ROOT / "containers/inference"))

import serve  # noqa: E402


class Programs(unittest.TestCase):
    def setUp(self) -> None:
        self.base = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.base)
        self.channel = self.base / "input/data/training"
        shutil.copytree(ROOT / "data", self.channel)

    def train(self) -> int:
        command = [sys.executable, str(PROGRAM), "train"]
        environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(self.base)}
        return subprocess.run(command, env=environment, capture_output=True).returncode

    def test_the_server_answers_as_the_trained_model_did(self) -> None:
        self.assertEqual(self.train(), 0)
        model = json.loads((self.base / "model/model.json").read_text())
        rows = (self.base / "output/data/holdout.jsonl").read_text().splitlines()
        for row in map(json.loads, rows):
            self.assertEqual(serve.answer(row["request"], model), row["prediction"])

    def test_a_word_in_the_table_fails_the_job_with_its_line(self) -> None:
        (self.channel / "points.csv").write_text("x,y\n1,high\n")
        self.assertEqual(self.train(), 1)
        self.assertIn("points.csv:2", (self.base / "output/failure").read_text())


if __name__ == "__main__":
    unittest.main()
