"""python -m unittest discover tests"""

import importlib.util
import json
import shutil
import sys
import tempfile
import unittest
from collections.abc import Iterator
from datetime import date, timedelta
from math import sin
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

THERE = importlib.util.find_spec("pandas") and importlib.util.find_spec("modelwharf")


def made_up_prices(days: int) -> Iterator[str]:
    """Slow and quick waves: a line of the CSV for each business day."""
    day = date(2013, 1, 1)
    for number in range(days):
        day += timedelta(days=3 if day.weekday() == 4 else 1)
        yield f"{day},{50 + 10 * sin(number / 90) + sin(number * 1.7):.2f}\n"


@unittest.skipUnless(THERE, "needs containers/training/requirements.txt, and vendor/'s wheel")
class Training(unittest.TestCase):
    def setUp(self) -> None:
        from training.folders import Folders

        self.folders = Folders(Path(tempfile.mkdtemp()))
        self.addCleanup(shutil.rmtree, self.folders.base)
        self.folders.processing_input.mkdir(parents=True)
        self.prices = self.folders.processing_input / "wti.csv"
        self.prices.write_text("".join(["Date,Price\n", *made_up_prices(1500)]))
        description = {"inputs": ["wti"], "options": {}}
        (self.folders.processing_input / "data.json").write_text(json.dumps(description))

    def test_a_word_in_the_place_of_a_price_is_refused_with_its_line(self) -> None:
        from training.prepare import prepare
        from training.rejected import Rejected

        line = len(self.prices.read_text().splitlines()) + 1
        with self.prices.open("a") as file:
            file.write("2019-01-04,high\n")
        with self.assertRaisesRegex(Rejected, f"line {line}.*'high'"):
            prepare(self.folders)

    def test_the_model_and_its_evaluation_are_written(self) -> None:
        from training.prepare import prepare
        from training.train import train

        prepare(self.folders)
        self.folders.channel.parent.mkdir(parents=True)
        self.folders.processing_output.rename(self.folders.channel)
        train(self.folders)
        self.assertTrue(list(self.folders.model.iterdir()))
        self.assertTrue((self.folders.output_data / "evaluation.json").is_file())


if __name__ == "__main__":
    unittest.main()
