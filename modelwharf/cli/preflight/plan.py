"""The checks, their order, and which checks depend on others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from modelwharf.cli.preflight.account import Account
from modelwharf.cli.preflight.check import Check
from modelwharf.cli.preflight.checks import (
    base_images,
    bootstrap,
    code_repositories,
    credentials,
    layer,
    leftovers,
    node,
    quotas,
    region,
    stack,
)
from modelwharf.contracts.preflight import Finding, Outcome, Preflight

OnFinding = Callable[[Finding], None]
_REFUSED = ("AccessDenied", "Unauthorized", "AuthorizationError", "NotAuthorized")


@dataclass(frozen=True)
class Step:
    """One check. It is skipped while one of ``needs`` failed or was skipped."""

    check: Check
    examine: Callable[[Account], list[Finding]]
    needs: tuple[Check, ...] = ()


_CALLS = (region.CHECK, credentials.CHECK)
STEPS = (
    Step(node.CHECK, node.examine),
    Step(region.CHECK, region.examine),
    Step(credentials.CHECK, credentials.examine, needs=(region.CHECK,)),
    Step(bootstrap.CHECK, bootstrap.examine, needs=_CALLS),
    Step(layer.CHECK, layer.examine, needs=_CALLS),
    Step(code_repositories.CHECK, code_repositories.examine, needs=_CALLS),
    Step(base_images.CHECK, base_images.examine, needs=_CALLS),
    Step(quotas.CHECK, quotas.examine, needs=_CALLS),
    Step(stack.CHECK, stack.examine, needs=_CALLS),
    Step(leftovers.CHECK, leftovers.examine, needs=(*_CALLS, stack.CHECK)),
)


def examine(
    account: Account, on_finding: OnFinding = lambda finding: None, steps: Sequence[Step] = STEPS
) -> Preflight:
    """Make every check that is not skipped. ``on_finding`` gets each finding."""
    findings: list[Finding] = []
    for step in steps:
        for finding in _take(step, account, findings):
            findings.append(finding)
            on_finding(finding)
    region = account.services.configured_region or "not configured"
    place = account.services.endpoint_url or f"AWS, region {region}"
    return Preflight(project=account.project, place=place, findings=tuple(findings))


def _take(step: Step, account: Account, before: Sequence[Finding]) -> list[Finding]:
    for need in step.needs:
        if any(one.id == need.id and one.outcome in _BLOCKS for one in before):
            return [step.check.skipped(f"makes no sense before {need.id} is well")]
    try:
        return step.examine(account)
    except ClientError as error:
        return [_unknown(step.check, error)]
    except BotoCoreError as error:
        return [step.check.unknown(str(error), command="wharf preflight")]


_BLOCKS = (Outcome.FAIL, Outcome.SKIPPED, Outcome.UNKNOWN)


def _unknown(check: Check, error: ClientError) -> Finding:
    code, action = error.response["Error"]["Code"], error.operation_name
    if any(word in code for word in _REFUSED):
        return check.unknown(
            f"your credentials may not call {action}: {error}",
            command=f"ask for the permission to {action}, or export another AWS_PROFILE; then "
            "wharf preflight",
        )
    return check.unknown(f"{action} answered {code}: {error}", command="wharf preflight")
