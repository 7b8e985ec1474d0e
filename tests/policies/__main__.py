"""Run the tools over the synthesised template; fail for a finding without a reason.

``--write`` writes the findings that stand, and the figures, into docs/policies.md.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.policies import page
from tests.policies.findings import EXCEPTIONS, Excepted, Report, excepted, reason_of, stale
from tests.policies.template import Template, synthesised
from tests.policies.tools import TOOLS


def main() -> int:
    parser = argparse.ArgumentParser(prog="make test-policies")
    parser.add_argument("--write", action="store_true", help=f"write {page.PATH}")
    options = parser.parse_args()
    template = Template(synthesised())
    exceptions = excepted()
    with ThreadPoolExecutor() as pool:  # each tool is a process of its own
        reports = list(pool.map(lambda tool: tool(template), TOOLS))
    for report in reports:
        print(
            f"{report.tool} {report.version}: {report.checks} {report.unit}, "
            f"{len(report.findings)} findings, "
            f"{sum(reason_of(finding, exceptions) is None for finding in report.findings)} "
            "unexplained"
        )
    faults = list(_faults(reports, exceptions))
    text = page.PATH.read_text()
    if options.write:
        page.PATH.write_text(page.written(text, reports, exceptions))
    elif page.reasons(reports, exceptions) not in text:
        faults.append(f"{page.PATH} gives other reasons: make test-policies POLICIES=--write")
    print("\n".join(faults), file=sys.stderr)
    return 1 if faults else 0


def _faults(reports: Sequence[Report], exceptions: list[Excepted]) -> Iterator[str]:
    for report in reports:
        for finding in report.findings:
            if reason_of(finding, exceptions) is None:
                yield (
                    f"{finding.tool} {finding.check} at {finding.where}: {finding.what}\n"
                    f"  mend it in infra/, or give its reason in {EXCEPTIONS.name}"
                )
    for entry in stale(reports, exceptions):
        yield (
            f"{EXCEPTIONS.name}: {entry.tool} {entry.check} at {entry.where}: "
            "nothing is found there any more; take the entry out"
        )


if __name__ == "__main__":
    sys.exit(main())
