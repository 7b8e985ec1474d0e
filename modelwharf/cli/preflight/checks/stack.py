"""The stack is absent, or a deploy can continue from its state and version."""

from modelwharf.cli.preflight.account import Account
from modelwharf.cli.preflight.check import Check
from modelwharf.cli.stack import outputs_of
from modelwharf.cli.stack_version import StackVersion
from modelwharf.contracts.preflight import Finding

CHECK = Check(
    "stack",
    'CloudFormation updates a stack only from a complete state (its guide, "Stack status codes"), '
    "and an older package takes back what a newer one deployed",
)
_GOOD = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}


def examine(account: Account) -> list[Finding]:
    deployed, name = account.deployed, account.stack
    if deployed is None:
        return [CHECK.passed(f"there is no {name} yet")]
    status = str(deployed["StackStatus"])
    if status in _GOOD:
        version = StackVersion.of(name, outputs_of(deployed))
        if version.is_newer:
            seen = (
                f"{name} was deployed by modelwharf {version.made_by}; from here a deploy takes it "
                f"back to {version.own}"
            )
            return [CHECK.failed(seen, command=version.install)]
        return [CHECK.passed(f"{name} is {status}")]
    wait = f"aws cloudformation describe-stack-events --stack-name {name}"
    if status.endswith("_IN_PROGRESS"):
        return [CHECK.warned(f"{name} is {status}: a deploy is running", command=wait)]
    command = {
        "ROLLBACK_COMPLETE": f"aws cloudformation delete-stack --stack-name {name}",
        "ROLLBACK_FAILED": f"aws cloudformation delete-stack --stack-name {name}",
        "CREATE_FAILED": f"aws cloudformation delete-stack --stack-name {name}",
        "DELETE_FAILED": f"aws cloudformation delete-stack --stack-name {name}",
        "UPDATE_ROLLBACK_FAILED": "aws cloudformation continue-update-rollback "
        f"--stack-name {name}",
    }
    return [CHECK.failed(f"{name} is {status}", command=command.get(status, wait))]
