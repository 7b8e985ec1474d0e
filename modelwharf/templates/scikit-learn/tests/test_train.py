"""python -m unittest discover tests"""

import importlib.util
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import train  # noqa: E402

THERE = importlib.util.find_spec("sklearn") and importlib.util.find_spec("onnx")


class Training(unittest.TestCase):
    def setUp(self) -> None:
        self.base = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.base)
        self.channel = self.base / "input/data/training"
        shutil.copytree(ROOT / "data", self.channel)

    def test_a_word_in_the_table_is_refused_with_its_line(self) -> None:
        with (self.channel / "diabetes.csv").open("a") as file:
            file.write("59,2,high,101,157,93.2,38,4,4.8598,87,151\n")
        where = "diabetes.csv:444: bmi: 'high' is not a number"
        with self.assertRaisesRegex(train.Rejected, where):
            train.learn(self.base)

    def test_an_unknown_hyperparameter_is_refused(self) -> None:
        with self.assertRaisesRegex(train.Rejected, "unknown hyperparameter 'depth'"):
            train.read_hyperparameters({"depth": "3"})

    @unittest.skipUnless(THERE, "needs what containers/training/requirements.txt names")
    def test_the_model_and_its_evaluation_are_written(self) -> None:
        (self.base / "input/config").mkdir()
        (self.base / "input/config/hyperparameters.json").write_text('{"iterations": "5"}')
        train.learn(self.base)
        self.assertTrue(list((self.base / "model").iterdir()))
        self.assertTrue((self.base / "output/data/evaluation.json").is_file())


if __name__ == "__main__":
    unittest.main()
