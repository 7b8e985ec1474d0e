"""NotifySuccess and NotifyFailure: tell people how the release ended, why, and what is next."""

from contracts.parameters import Outcome
from contracts.release import Failure, ReleaseDocument
from lambdas.entry import entry
from lambdas.notification import about, publish, serving, table, wanted
from lambdas.site import Site


def notify(site: Site, document: ReleaseDocument) -> ReleaseDocument:
    outcome = Outcome.SUCCEEDED if document.failure is None else Outcome.FAILED
    notifications = None if document.plan is None else document.plan.notifications
    if wanted(notifications, outcome):
        subject, message = compose(site, document)
        publish(site, outcome, subject, message, document.release_id)
    return document


def compose(site: Site, document: ReleaseDocument) -> tuple[str, str]:
    endpoint = site.environment.endpoint
    now = serving(endpoint, site.ledger.champion(endpoint))
    if document.failure is None:
        return _success(document, now)
    return _failure(document, document.failure, now, endpoint)


def _success(document: ReleaseDocument, now: str) -> tuple[str, str]:
    quality = "" if document.quality is None else "\n".join(document.quality.reasons)
    package = "" if document.model_package is None else document.model_package.arn
    rows = [
        ("outcome", "succeeded"),
        *about(document),
        ("package", package),
        ("quality", quality),
        ("serving", now),
        ("next", f"wharf show {document.release_id}"),
    ]
    return f"{document.project}: release {document.release_id} succeeded", table(rows)


def _failure(
    document: ReleaseDocument, failure: Failure, now: str, endpoint: str
) -> tuple[str, str]:
    release, state = document.release_id, document.state_reached()
    rows = [
        ("outcome", "failed"),
        *about(document),
        ("state", state),
        ("error", failure.error),
        ("reason", failure.message()),
        ("undone", _undone(document)),
        ("serving", now),
        ("next", _next(document, endpoint)),
    ]
    subject = f"{document.project}: release {release} failed in {state}: {failure.error}"
    return subject, table(rows)


def _undone(document: ReleaseDocument) -> str:
    if document.rollback_failure is not None:
        failure = document.rollback_failure
        return f"the way back failed too: {failure.error}: {failure.message()}"
    if document.rollback is None:
        return ""
    stopped = ", ".join(document.rollback.stopped)
    return f"endpoint {document.rollback.endpoint}" + (f"; stopped {stopped}" if stopped else "")


def _next(document: ReleaseDocument, endpoint: str) -> str:
    show = f"wharf show {document.release_id}"
    if document.rollback_failure is None:
        return show
    return f"{show}\naws sagemaker describe-endpoint --endpoint-name {endpoint}"


@entry(ReleaseDocument)
def handler(document: ReleaseDocument, site: Site) -> ReleaseDocument:
    return notify(site, document)
