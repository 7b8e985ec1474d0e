"""Verify: send the holdout to the live endpoint, and compare with the trained model's answers."""

import json
import math
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from lambdas.comparison import Difference, Tolerance, largest_difference
from lambdas.endpoint import describe_endpoint, log_of
from lambdas.entry import entry
from lambdas.errors import (
    THROTTLING_CODES,
    UNREACHABLE,
    ServiceFault,
    Throttled,
    VerificationFailed,
    code_of,
    message_of,
    translated,
)
from lambdas.holdout import nothing_to_ask, read_holdout
from lambdas.log import logger
from lambdas.probe import probe_body
from lambdas.runtime import Runtime
from modelwharf.artifact.evaluation import HoldoutRow
from modelwharf.contracts.parameters import Deployment
from modelwharf.contracts.probe import Probe
from modelwharf.contracts.release import ReleaseDocument, Verification
from modelwharf.contracts.stages import DeployedRelease

JSON = "application/json"
RESERVE = 300.0  # seconds; one batch with all its retries may take as long
BATCH = 50  # rows in one request; well below SageMaker's 25 MB and 60 s
# Not JSON, but many servers write these.
CONSTANTS = {"NaN": None, "Infinity": math.inf, "-Infinity": -math.inf}
ANSWER_SHOWN = 300  # characters
# InvokeEndpoint's errors for a model that is not there, or not yet, whatever their status.
NOT_READY_CODES = {"InternalFailure", "ModelNotReadyException", "ServiceUnavailable"}
NO_ANSWER = 0  # OriginalStatusCode when the container did not answer in InvokeEndpoint's 60 s
PAUSES = (1.0, 2.0, 4.0)  # seconds between two tries, while the new model starts to serve


def verify_endpoint(runtime: Runtime, document: DeployedRelease) -> ReleaseDocument:
    """Add the verification. Raises VerificationFailed, which quotes the unexpected answer."""
    deployment = document.deployment
    require_serving(runtime, deployment.endpoint, deployment.config)
    settings = document.plan.deployment
    rows = read_holdout(runtime, document.training)
    if rows:
        verification = verify_holdout(runtime, settings, rows)
    elif settings.probe is not None:
        body = probe_body(runtime, document, settings.probe)
        verification = verify_probe(runtime, settings.probe, body)
    else:
        raise VerificationFailed(nothing_to_ask(document.project, rows, settings.probe))
    return document.model_copy(update={"verification": verification})


def require_serving(runtime: Runtime, endpoint: str, config: str) -> None:
    """Read back which configuration serves: SageMaker rolls back without an error."""
    state = describe_endpoint(runtime, endpoint)
    if state is None:
        raise VerificationFailed(f"there is no endpoint {endpoint!r}")
    if not state.serves(config):
        raise VerificationFailed(
            f"endpoint {endpoint!r} is {state.status} with configuration {state.config!r}, "
            f"not in service with {config!r}. {state.reason}".rstrip()
        )


def spread(rows: Sequence[HoldoutRow], count: int) -> list[HoldoutRow]:
    """Return at most ``count`` rows, evenly spread over the holdout."""
    if len(rows) <= count:
        return list(rows)
    return [rows[index * len(rows) // count] for index in range(count)]


def verify_holdout(
    runtime: Runtime, settings: Deployment, rows: Sequence[HoldoutRow]
) -> Verification:
    """Send the rows as JSON arrays, and compare the answers.

    An answer is an array of the same length, either by itself (the exemplar's form) or as
    ``predictions`` (the common form of SageMaker and MLflow).
    """
    asked = spread(rows, settings.verify_rows)
    tolerance = Tolerance(settings.verify_tolerance, settings.verify_relative_tolerance)
    largest = 0.0
    for start in range(0, len(asked), BATCH):
        if runtime.seconds_left() < RESERVE:
            raise VerificationFailed(
                f"endpoint {runtime.environment.endpoint!r} is too slow: it answered {start} of "
                f"{len(asked)} requests in the time that a function has; ask fewer with "
                "verify_rows in the deployment section"
            )
        batch = asked[start : start + BATCH]
        body = json.dumps([row.request for row in batch]).encode()
        answers = _predictions(_parsed(invoke(runtime, body, content_type=JSON, accept=JSON)))
        if not isinstance(answers, list) or len(answers) != len(batch):
            raise VerificationFailed(
                f"the endpoint was asked {len(batch)} requests as a JSON array and must answer "
                'with an array as long, or with {"predictions": an array as long}; it answered '
                f"{json.dumps(answers)[:ANSWER_SHOWN]}"
            )
        for row, answer in zip(batch, answers, strict=True):
            largest = max(largest, _compare(row, answer, tolerance))
    return Verification(
        requests=len(asked),
        largest_difference=largest,
        tolerance=tolerance.absolute,
        relative_tolerance=tolerance.relative,
        checked="holdout",
    )


def _predictions(answer: Any) -> Any:
    return answer["predictions"] if isinstance(answer, dict) and "predictions" in answer else answer


def _compare(row: HoldoutRow, answer: Any, tolerance: Tolerance) -> float:
    try:
        return largest_difference(row.prediction, answer, tolerance)
    except Difference as difference:
        raise VerificationFailed(
            f"asked {json.dumps(row.request)[:ANSWER_SHOWN]}, the endpoint answers differently "
            f"from the trained model: {difference}"
        ) from None


def verify_probe(runtime: Runtime, probe: Probe, body: bytes) -> Verification:
    given = invoke(runtime, body, content_type=probe.content_type, accept=probe.accept)
    answer = given.decode(errors="replace")
    if probe.expected_body is not None and answer.strip() != probe.expected_body.strip():
        raise VerificationFailed(
            f"the probe was answered {answer[:ANSWER_SHOWN]!r}, "
            f"not {probe.expected_body[:ANSWER_SHOWN]!r}"
        )
    return Verification(requests=1, largest_difference=None, tolerance=None, checked="probe")


def invoke(runtime: Runtime, body: bytes, *, content_type: str, accept: str) -> bytes:
    """Return the endpoint's response. Raises VerificationFailed when none comes in time."""
    for pause in PAUSES:
        try:
            return ask(runtime, body, content_type=content_type, accept=accept)
        except (ClientError, *UNREACHABLE) as error:
            if not _passes(error):
                raise
            logger.info("the endpoint did not answer; asks again", error=str(error), seconds=pause)
            runtime.sleep(pause)
    try:
        return ask(runtime, body, content_type=content_type, accept=accept)
    except ClientError as error:
        if not _passes(error) or code_of(error) in THROTTLING_CODES:
            raise
        endpoint = runtime.environment.endpoint
        raise VerificationFailed(
            f"endpoint {endpoint!r} gave no answer in {len(PAUSES) + 1} tries: {error}. "
            f"{log_of(endpoint)}"
        ) from None


def _passes(error: Exception) -> bool:
    """Whether the next try may succeed."""
    if not isinstance(error, ClientError):
        return True
    return code_of(error) in NOT_READY_CODES or isinstance(
        translated(error), (ServiceFault, Throttled)
    )


def ask(runtime: Runtime, body: bytes, *, content_type: str, accept: str) -> bytes:
    """Call InvokeEndpoint once. Raises VerificationFailed with the container's own message."""
    endpoint = runtime.environment.endpoint
    try:
        response = runtime.clients.sagemaker_runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType=content_type,
            Accept=accept,
            Body=body,
        )
        return bytes(response["Body"].read())
    except ReadTimeoutError as error:
        raise VerificationFailed(
            f"endpoint {endpoint!r} gave no answer in time: {error}. {log_of(endpoint)}"
        ) from None
    except ClientError as error:
        if code_of(error) not in ("ModelError", "ModelErrorException"):
            raise
        status = error.response.get("OriginalStatusCode", "an error")
        did = "gave no answer within 60 s" if status == NO_ANSWER else f"answered {status}"
        words = str(error.response.get("OriginalMessage") or message_of(error)).rstrip(".")
        raise VerificationFailed(
            f"endpoint {endpoint!r} {did}: {words}. {log_of(endpoint)}"
        ) from None


def _parsed(answer: bytes) -> Any:
    try:
        return json.loads(answer, parse_constant=CONSTANTS.get)
    except ValueError:
        text = answer.decode(errors="replace")[:ANSWER_SHOWN]
        raise VerificationFailed(f"the endpoint's answer is not JSON: {text!r}") from None


@entry(DeployedRelease)
def handler(document: DeployedRelease, runtime: Runtime) -> ReleaseDocument:
    return verify_endpoint(runtime, document)
