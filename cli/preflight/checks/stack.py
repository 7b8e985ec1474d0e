"""The stack is absent, or in a state from which a deploy goes on."""

from cli.preflight.account import Account
from cli.preflight.check import Check
from contracts.preflight import Finding

CHECK = Check(
    "stack",
    'CloudFormation updates a stack only from a complete state (its guide, "Stack status codes")',
)
_GOOD = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}


def look(account: Account) -> list[Finding]:
    status, name = account.stack_status(), account.stack
    if status is None:
        return [CHECK.passed(f"there is no {name} yet")]
    if status in _GOOD:
        return [CHECK.passed(f"{name} is {status}")]
    wait = f"aws cloudformation describe-stack-events --stack-name {name}"
    if status.endswith("_IN_PROGRESS"):
        return [CHECK.warned(f"{name} is {status}: somebody deploys now", command=wait)]
    command = {
        "ROLLBACK_COMPLETE": f"aws cloudformation delete-stack --stack-name {name}",
        "ROLLBACK_FAILED": f"aws cloudformation delete-stack --stack-name {name}",
        "CREATE_FAILED": f"aws cloudformation delete-stack --stack-name {name}",
        "DELETE_FAILED": f"aws cloudformation delete-stack --stack-name {name}",
        "UPDATE_ROLLBACK_FAILED": "aws cloudformation continue-update-rollback "
        f"--stack-name {name}",
    }
    return [CHECK.failed(f"{name} is {status}", command=command.get(status, wait))]
