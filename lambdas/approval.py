"""A person's decision on a model package, as the model registry holds it."""

from typing import TYPE_CHECKING, Final

from lambdas.errors import ApprovalRejected
from lambdas.job_operations import JobOperations
from lambdas.runtime import Runtime
from lambdas.verdict import Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter
from modelwharf.contracts.jobs import APPROVAL
from modelwharf.contracts.release import ApprovalDecision

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef

APPROVED: Final = "Approved"
REJECTED: Final = "Rejected"
PENDING: Final = "PendingManualApproval"


def settle_approval(runtime: Runtime, waiter: Waiter) -> Verdict:
    package = runtime.clients.sagemaker.describe_model_package(ModelPackageName=waiter.subject)
    status = package["ModelApprovalStatus"]
    note = package.get("ApprovalDescription", "")
    if status == APPROVED:
        return Succeeded(output=ApprovalDecision(decision=status, by=_by(package), note=note))
    if status == REJECTED:
        by = _by(package) or "a reviewer"
        return failed(
            ApprovalRejected(
                f"rejected by {by}: {note or 'no reason was given'}\nmodel package {waiter.subject}"
            )
        )
    return Running()


def _by(package: "DescribeModelPackageOutputTypeDef") -> str:
    """Return who decided, as far as SageMaker says."""
    who = package.get("LastModifiedBy", {})
    identity = who.get("IamIdentity", {})
    return str(who.get("UserProfileName") or identity.get("Arn") or "")


OPERATIONS = JobOperations(type=APPROVAL, settle=settle_approval)
