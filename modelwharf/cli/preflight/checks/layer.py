"""The parameters that the template reads from AWS are published in this region."""

from modelwharf.cli.preflight.account import Account
from modelwharf.cli.preflight.check import Check
from modelwharf.contracts.preflight import Finding

CHECK = Check(
    "layer",
    "CloudFormation reads the ARN of the Powertools layer from it when it deploys; AWS has "
    "published a version late before (docs/decisions/0032)",
)
_READ = "AWS::SSM::Parameter::Value<"


def examine(account: Account) -> list[Finding]:
    names = [
        str(parameter["Default"])
        for parameter in account.template.parameters.values()
        if str(parameter["Type"]).startswith(_READ)
        and parameter["Default"] != account.template.bootstrap_parameter
    ]
    return [_examine(account, name) for name in names]


def _examine(account: Account, name: str) -> Finding:
    value = account.parameter(name)
    if value is not None:
        return CHECK.passed(f"{name} is {value}")
    folder = name.rpartition("/")[0]
    return CHECK.failed(
        f"there is no {name} in {account.region}",
        command=f"aws ssm get-parameters-by-path --region {account.region} --path {folder} "
        "--query 'Parameters[].Name', then put a version that is there into "
        "infra/settings.py: powertools_version",
    )
