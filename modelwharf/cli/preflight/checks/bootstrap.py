"""The CDK's bootstrap resources exist in the account and region, in a version that the template
accepts.
"""

from modelwharf.cli.preflight.account import CDK, Account
from modelwharf.cli.preflight.check import Check
from modelwharf.contracts.preflight import Finding

CHECK = Check(
    "bootstrap",
    "`cdk deploy` puts the functions' code into the bootstrap's bucket and takes on its roles (CDK "
    'guide, "Bootstrapping")',
)


def examine(account: Account) -> list[Finding]:
    needed, name = account.template.bootstrap_version, account.template.bootstrap_parameter
    found = account.parameter(name)
    if found is None and account.on_laptop:
        return [CHECK.skipped("`wharf up` deploys without a bootstrap")]
    command = f"{CDK} bootstrap aws://{account.identity['Account']}/{account.region}"
    if found is None:
        seen = f"there is no parameter {name} in {account.region}: the region is not bootstrapped"
        return [CHECK.failed(seen, command=command)]
    if not found.isdecimal() or int(found) < needed:
        seen = f"{name} is {found}, the template needs {needed}"
        return [CHECK.failed(seen, command=command)]
    return [CHECK.passed(f"version {found}; the template needs {needed}")]
