"""``python -m tests.moto_suite [SERVICE …]``: run moto's tests, and compare with the list."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.moto_suite.differences import Result, differences, faults

SUITE = Path(".moto-suite").resolve()
HERE = Path(__file__).resolve().parent
# Where the laptop's cloud overrides moto, or stands before it.
SERVICES = (
    *("cloudwatch", "codebuild", "codecommit", "ecr", "events", "logs"),
    *("iam", "s3", "sns", "sqs", "ssm", "stepfunctions", "sts"),
)
IN_PROCESS = "test_server.py"
"""These ask moto's application without a server: they would say nothing of our cloud."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make test-moto")
    parser.add_argument("services", nargs="*", default=SERVICES, metavar="SERVICE")
    parser.add_argument(
        "--stock", action="store_true", help="moto as it is shipped, for comparison"
    )
    parser.add_argument("--workers", default="2", help="processes, each with a cloud of its own")
    parser.add_argument("--only", default="", help="pytest's -k")
    parser.add_argument("--results", type=Path, help="keep the results in this file")
    options = parser.parse_args()
    results = _run(options)
    passed = sum(result.passed for result in results)
    print(f"{passed} of {len(results)} of moto's tests pass")
    if options.stock:
        print(*sorted(result.test for result in results if not result.passed), sep="\n")
        return 0
    whole = not options.only and not any("/" in service for service in options.services)
    found = faults(results, differences(), whole=whole)
    print(*found, sep="\n", file=sys.stderr)
    print(f"{len(results) - passed} fail, of which {len(found)} without a reason")
    return 1 if found or not results else 0


def _run(options: argparse.Namespace) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        lines = options.results or Path(folder) / "results"
        lines.unlink(missing_ok=True)
        lines.touch()
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "--color=no", "--tb=no"),
                *("-p", "xdist", "-n", options.workers, "--dist", "loadfile"),
                *("-p", "moto_suite_plugin", "-p", "no:cacheprovider"),
                *("-k", options.only, "--ignore-glob", f"*/{IN_PROCESS}"),
                *(f"tests/test_{service}" for service in options.services),
            ],
            cwd=SUITE,
            env={
                **os.environ,
                "PYTHONPATH": f"{HERE}{os.pathsep}{SUITE / 'site'}",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # some of ours take seconds to import
                "TEST_SERVER_MODE": "true",
                "WHARF_MOTO_CLOUD": str(HERE / "moto_suite_cloud.py"),
                "WHARF_MOTO_RESULTS": str(lines.resolve()),
                "WHARF_MOTO_WORKERS": options.workers,
                "WHARF_MOTO_STOCK": "1" if options.stock else "",
                "AWS_DEFAULT_REGION": "us-east-1",
            },
        )
        return list(_read(lines.read_text().splitlines()))


def _read(lines: Iterable[str]) -> Iterable[Result]:
    """A test whose end fails, too, has two lines: it has not passed."""
    results: dict[str, Result] = {}
    for line in lines:
        test, outcome, said = json.loads(line)
        test = test.removeprefix("tests/test_")
        if outcome != "skipped" and results.get(test, Result(test, True)).passed:
            results[test] = Result(test, outcome == "passed", said)
    return results.values()


if __name__ == "__main__":
    sys.exit(main())
