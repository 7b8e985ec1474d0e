"""``python -m modelwharf.laptop.start_check``: whether a cloud could start with this engine and
these quotas.

Asked before a template is synthesised, which takes longer than the answer.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from modelwharf.engines.choice import ENGINES, NoSuchEngine, choose
from modelwharf.engines.processes import Processes
from modelwharf.laptop.quotas import QuotaChange, Quotas, UnknownQuota


def main(arguments: list[str] | None = None) -> int:
    """Return 1, with the reason on standard error, if the cloud could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m modelwharf.laptop.start_check", description=__doc__
    )
    parser.add_argument("--engine", choices=ENGINES)
    parser.add_argument("--quota", type=QuotaChange.parse, action="append", default=[])
    options = parser.parse_args(arguments)
    quotas = Quotas()
    try:
        for change in options.quota:
            quotas.change(change)
        if options.engine:
            with tempfile.TemporaryDirectory() as folder:
                choose(options.engine, Path(folder), Processes())
    except (NoSuchEngine, UnknownQuota) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
