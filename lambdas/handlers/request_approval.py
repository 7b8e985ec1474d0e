"""Approve: ask a person, and wait until the model package is approved or rejected."""

from lambdas.entry import entry
from lambdas.notification import about, publish, table, wanted
from lambdas.runtime import Runtime
from lambdas.submission import Submission
from lambdas.waiting import new_waiter, wait
from modelwharf.contracts.jobs import APPROVAL
from modelwharf.contracts.parameters import Outcome
from modelwharf.contracts.release import QualityVerdict
from modelwharf.contracts.stages import RegisteredRelease
from modelwharf.contracts.states import APPROVE
from modelwharf.contracts.task import WaitingTask


def request_approval(runtime: Runtime, task: WaitingTask[RegisteredRelease]) -> None:
    """Answer with the decision. A retry may ask the question twice; it never loses it."""
    arn = task.release.model_package.arn
    waiter = new_waiter(
        runtime, task, kind=APPROVAL, state=APPROVE.name, job=APPROVAL.key(arn), subject=arn
    )
    wait(runtime, waiter, lambda: ask(runtime, task.release, arn))


def ask(runtime: Runtime, document: RegisteredRelease, arn: str) -> Submission:
    if wanted(document.plan.notifications, Outcome.APPROVAL):
        publish(
            runtime,
            Outcome.APPROVAL,
            f"{document.project}: release {document.release_id} waits for your approval",
            approval_message(document, arn),
            document.release_id,
        )
    # A person may have decided before the question was asked.
    return Submission(subject=arn, existed=True)


def approval_message(document: RegisteredRelease, arn: str) -> str:
    release = document.release_id
    hours = document.plan.deployment.approval_timeout_seconds / 3600
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


@entry(WaitingTask[RegisteredRelease])
def handler(task: WaitingTask[RegisteredRelease], runtime: Runtime) -> None:
    request_approval(runtime, task)
