"""parliament's findings. Runs in the tools' environment: policies on stdin, findings on stdout."""

import json
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")  # it imports pkg_resources

from parliament import analyze_policy_string  # noqa: E402


def main() -> None:
    policies = json.load(sys.stdin)
    findings = []
    for policy in policies:
        # Its community auditors look for credentials, escalation and management of permissions;
        # to them every trust policy exposes credentials, as it is about sts:AssumeRole.
        analysed = analyze_policy_string(
            json.dumps(policy["document"]), include_community_auditors=policy["kind"] != "trust"
        )
        findings += [
            {
                "check": finding.issue,
                "where": policy["owner"],
                "what": " ".join(str(part) for part in (finding.detail, finding.location) if part),
            }
            for finding in analysed.findings
        ]
    json.dump(
        {"version": version("parliament"), "checks": len(policies), "findings": findings},
        sys.stdout,
    )


main()
