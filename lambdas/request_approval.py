"""Approve: ask a person, and wait until the model package is approved or rejected."""

from contracts.parameters import Outcome
from contracts.release import QualityVerdict, ReleaseDocument
from contracts.task import WaitingTask
from lambdas.approval import approval_job
from lambdas.document import planned, required
from lambdas.entry import entry
from lambdas.notification import about, publish, table, wanted
from lambdas.site import Site
from lambdas.submission import Submission
from lambdas.waiter_rows import Kind
from lambdas.waiting import new_waiter, wait

STATE = "Approve"


def request_approval(site: Site, task: WaitingTask) -> None:
    """Answer with the decision. An earlier attempt's question may be asked twice, never lost."""
    arn = required(task.release.model_package, "model_package").arn
    waiter = new_waiter(
        site, task, kind=Kind.APPROVAL, state=STATE, job=approval_job(arn), subject=arn
    )
    wait(site, waiter, lambda: ask(site, task.release, arn))


def ask(site: Site, document: ReleaseDocument, arn: str) -> Submission:
    if wanted(planned(document).notifications, Outcome.APPROVAL):
        publish(
            site,
            Outcome.APPROVAL,
            f"{document.project}: release {document.release_id} waits for your approval",
            approval_message(document, arn),
            document.release_id,
        )
    # Someone may have decided before the question was asked.
    return Submission(subject=arn, existed=True)


def approval_message(document: ReleaseDocument, arn: str) -> str:
    release = document.release_id
    hours = planned(document).deployment.approval_timeout_seconds / 3600
    return table(
        [
            *about(document),
            ("package", arn),
            ("quality", _quality(document.quality)),
            ("until", f"{hours:g} hours from now; then the release fails, and nothing changes"),
            ("next", f"wharf approve {release}\nwharf reject {release}\nwharf show {release}"),
        ]
    )


def _quality(verdict: QualityVerdict | None) -> str:
    return "" if verdict is None else verdict.in_words()


@entry(WaitingTask)
def handler(task: WaitingTask, site: Site) -> None:
    request_approval(site, task)
