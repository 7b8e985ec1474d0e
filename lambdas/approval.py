"""A person's decision on a model package, as the model registry holds it."""

from typing import Any

from contracts.release import ApprovalDecision
from lambdas.errors import ApprovalRejected
from lambdas.site import Site
from lambdas.verdict import Running, Succeeded, Verdict, failed
from lambdas.waiter_rows import Waiter

APPROVED = "Approved"
REJECTED = "Rejected"
PENDING = "PendingManualApproval"


def approval_job(model_package: str) -> str:
    return f"approval/{model_package}"


def settle_approval(site: Site, waiter: Waiter) -> Verdict:
    package = site.clients.sagemaker.describe_model_package(ModelPackageName=waiter.subject)
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


def _by(package: dict[str, Any]) -> str:
    """Who decided, as far as SageMaker tells."""
    who = package.get("LastModifiedBy", {})
    identity = who.get("IamIdentity", {})
    return str(who.get("UserProfileName") or identity.get("Arn") or "")
