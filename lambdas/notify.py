"""NotifySuccess and NotifyFailure: tell people how the release ended, why, and what is next."""

from botocore.exceptions import BotoCoreError, ClientError

from contracts.parameters import Outcome
from contracts.release import Failure, ReleaseDocument
from lambdas.endpoint import IN_SERVICE, describe_endpoint
from lambdas.entry import entry
from lambdas.errors import Superseded
from lambdas.notification import about, publish, table, wanted
from lambdas.site import Site


def notify(site: Site, document: ReleaseDocument) -> ReleaseDocument:
    outcome = outcome_of(document)
    notifications = None if document.plan is None else document.plan.notifications
    if wanted(notifications, outcome):
        subject, message = compose(site, document)
        publish(site, outcome, subject, message, document.release_id)
    return document


def outcome_of(document: ReleaseDocument) -> Outcome:
    if document.failure is None:
        return Outcome.SUCCEEDED
    overtaken = document.failure.error == Superseded.__name__
    return Outcome.SUPERSEDED if overtaken and not document.rollback_failure else Outcome.FAILED


def compose(site: Site, document: ReleaseDocument) -> tuple[str, str]:
    endpoint = site.environment.endpoint
    now = serving(site, endpoint)
    if document.failure is None:
        return _success(document, now)
    return _failure(document, document.failure, now, endpoint)


def serving(site: Site, endpoint: str) -> str:
    """What SageMaker says that serves. A question in vain must not keep the news back."""
    try:
        state = describe_endpoint(site, endpoint)
    except (ClientError, BotoCoreError) as error:
        return f"unknown: {error}"
    if state is None:
        return f"no endpoint {endpoint}"
    champion = site.ledger.champion(endpoint)
    words = f"configuration {state.config}" + (
        "" if state.status == IN_SERVICE else f", {state.status}"
    )
    if champion is None or champion.config != state.config:
        return f"endpoint {endpoint} ({words}); no release was promoted with it"
    return f"release {champion.release_id} serves endpoint {endpoint} ({words})"


def _success(document: ReleaseDocument, now: str) -> tuple[str, str]:
    quality = "" if document.quality is None else document.quality.in_words()
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
        ("outcome", outcome_of(document).value),
        *about(document),
        ("state", state),
        ("error", failure.error),
        ("reason", failure.message()),
        ("undone", _undone(document)),
        ("serving", now),
        ("next", _next(document, endpoint)),
    ]
    subject = f"{document.project}: release {release} failed in {state}: {failure.error}"
    if outcome_of(document) is Outcome.SUPERSEDED:
        subject = f"{document.project}: release {release} was overtaken by a later one"
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
