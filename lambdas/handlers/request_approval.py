"""Approve: ask a person, and wait until the model package is approved or rejected."""

from lambdas.document import planned, required
from lambdas.entry import entry
from lambdas.notification import about, publish, table, wanted
from lambdas.runtime import Runtime
from lambdas.submission import Submission
from lambdas.waiting import new_waiter, wait
from modelwharf.contracts.jobs import APPROVAL
from modelwharf.contracts.parameters import Outcome
from modelwharf.contracts.release import QualityVerdict, ReleaseDocument
from modelwharf.contracts.states import APPROVE
from modelwharf.contracts.task import WaitingTask


def request_approval(runtime: Runtime, task: WaitingTask) -> None:
    """Answer with the decision. A retry may ask the question twice; it never loses it."""
    arn = required(task.release.model_package, "model_package").arn
    waiter = new_waiter(
        runtime, task, kind=APPROVAL, state=APPROVE.name, job=APPROVAL.key(arn), subject=arn
    )
    wait(runtime, waiter, lambda: ask(runtime, task.release, arn))


def ask(runtime: Runtime, document: ReleaseDocument, arn: str) -> Submission:
    if wanted(planned(document).notifications, Outcome.APPROVAL):
        publish(
            runtime,
            Outcome.APPROVAL,
            f"{document.project}: release {document.release_id} waits for your approval",
            approval_message(document, arn),
            document.release_id,
        )
    # A person may have decided before the question was asked.
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
def handler(task: WaitingTask, runtime: Runtime) -> None:
    request_approval(runtime, task)
