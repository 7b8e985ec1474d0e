"""``python -m inference serve``: the entry point of the exemplar's inference image."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from modelwharf.serving.__main__ import main
from modelwharf.serving.kinds import Kinds
from modelwharf.serving.served import Served


def find_forecaster(folder: Path) -> Callable[[], Served]:
    """The loader of forecast models, the exemplar's own kind."""
    from inference.forecaster import Forecaster

    return partial(Forecaster.load, folder)


# Contracts without a kind are from when forecasts were the only kind.
KINDS = Kinds({"forecast": find_forecaster}, unnamed="forecast")

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], KINDS.find, program="inference"))
