"""NotifySuccess and NotifyFailure: tell people how the release ended, why, and what is next."""

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.endpoint import IN_SERVICE, describe_endpoint
from lambdas.entry import entry
from lambdas.errors import Superseded
from lambdas.notification import about, publish, table, wanted
from lambdas.runtime import Runtime
from modelwharf.contracts.history import failed_state, read_events, states
from modelwharf.contracts.parameters import Outcome
from modelwharf.contracts.release import Failure, ReleaseDocument


def notify(runtime: Runtime, document: ReleaseDocument) -> ReleaseDocument:
    outcome = outcome_of(document)
    notifications = None if document.plan is None else document.plan.notifications
    if wanted(notifications, outcome):
        subject, message = compose(runtime, document)
        publish(runtime, outcome, subject, message, document.release_id)
    return document


def outcome_of(document: ReleaseDocument) -> Outcome:
    if document.failure is None:
        return Outcome.SUCCEEDED
    overtaken = document.failure.error == Superseded.__name__
    return Outcome.SUPERSEDED if overtaken and not document.rollback_failure else Outcome.FAILED


def compose(runtime: Runtime, document: ReleaseDocument) -> tuple[str, str]:
    endpoint = runtime.environment.endpoint
    now = serving(runtime, endpoint)
    if document.failure is None:
        return _success(document, now)
    return _failure(
        document, document.failure, where_it_failed(runtime, document.release_id), now, endpoint
    )


def where_it_failed(runtime: Runtime, release: str) -> tuple[str, str]:
    """Return the failed state, from Step Functions; "" and the reason when it is unknown.

    A failed lookup must not hold back the notification.
    """
    execution = runtime.environment.execution_arn(release)
    try:
        events = read_events(runtime.clients.stepfunctions, execution, documents=False)
    except (ClientError, BotoCoreError) as error:
        return "", f"unknown: {error}"
    state = failed_state(states(events))
    return (state.name, "") if state else ("", "unknown: no state of its execution failed")


def serving(runtime: Runtime, endpoint: str) -> str:
    """Describe what serves, from SageMaker. A failed lookup must not hold back the notification."""
    try:
        state = describe_endpoint(runtime, endpoint)
    except (ClientError, BotoCoreError) as error:
        return f"unknown: {error}"
    if state is None:
        return f"no endpoint {endpoint}"
    champion = runtime.ledger.champion(endpoint)
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
    document: ReleaseDocument, failure: Failure, where: tuple[str, str], now: str, endpoint: str
) -> tuple[str, str]:
    release, (state, why_unknown) = document.release_id, where
    rows = [
        ("outcome", outcome_of(document).value),
        *about(document),
        ("state", state or why_unknown),
        ("error", failure.error),
        ("reason", failure.message()),
        ("undone", _undone(document)),
        ("serving", now),
        ("next", _next(document, endpoint)),
    ]
    place = f" in {state}" if state else ""
    subject = f"{document.project}: release {release} failed{place}: {failure.error}"
    if outcome_of(document) is Outcome.SUPERSEDED:
        subject = f"{document.project}: release {release} was overtaken by a later one"
    return subject, table(rows)


def _undone(document: ReleaseDocument) -> str:
    if document.rollback_failure is not None:
        failure = document.rollback_failure
        return f"the way back failed too: {failure.error}: {failure.message()}"
    return "" if document.rollback is None else document.rollback.in_words()


def _next(document: ReleaseDocument, endpoint: str) -> str:
    show = f"wharf show {document.release_id}"
    if document.rollback_failure is None:
        return show
    return f"{show}\naws sagemaker describe-endpoint --endpoint-name {endpoint}"


@entry(ReleaseDocument)
def handler(document: ReleaseDocument, runtime: Runtime) -> ReleaseDocument:
    return notify(runtime, document)
