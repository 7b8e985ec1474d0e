"""InvokeEndpoint: the request goes to the variant's server, and its answer comes back.

Stock moto answers with a canned body, even for endpoints that do not exist, and cannot take
a body that is not UTF-8.

**What a container gets.** InvokeEndpoint's reference says that SageMaker strips all headers but
those of the request's syntax, may add others, and that nobody should rely on these. So the
container gets here what that syntax has and a single container can use: Content-Type, Accept,
Custom-Attributes (documented: "forwarded verbatim") and Inference-Id. That the last one reaches
the container is not documented; AWS's own serving containers (deepjavalibrary/djl-serving, pull
request 2363) read it there. It is passed only when the caller gave one. The request id of the
call, of which nothing is documented, is not passed: a program that counted on it here would miss
it there. AWS's containers read an X-Amzn-SageMaker-Forwarded-Api, too, documented nowhere and not
passed either.

**What the caller gets.** The container's body, Content-Type and Custom-Attributes with a 2xx;
whatever it answers with 4xx or 5xx, 503 included, is a ModelError (424) that tells the container's
status as OriginalStatusCode (documented).
"""

import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from localcloud.cloud import Cloud
from localcloud.overrides import replace
from localcloud.sagemaker import metrics
from localcloud.sagemaker.data_capture import Invocation
from localcloud.sagemaker.endpoint import Endpoint
from localcloud.sagemaker.fleet import FleetGone, NoSuchVariant
from localcloud.sagemaker.model_container import Answer, ServerDown
from localcloud.sagemaker.model_server import ModelServer

BODY_LIMIT = 25 * 1024 * 1024  # bytes (InvokeEndpoint)
MESSAGE_LIMIT = 1024  # characters of the model's own message that an error repeats

CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
TARGET = "X-Amzn-SageMaker-Target-Variant"
INVOKED = "x-Amzn-Invoked-Production-Variant"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
PASSED_ON = ("Content-Type", "Accept", CUSTOM, INFERENCE_ID)
UNTYPED = "application/octet-stream"  # the answer of a container that names no type
# InvokeEndpoint: InferenceId and CustomAttributes.
FORMS = {
    INFERENCE_ID: ("inferenceId", re.compile(r"[!-~][ -~]{0,63}")),
    CUSTOM: ("customAttributes", re.compile(r"[\x00-\x7f]{0,1024}")),
}
REFUSED = (
    "X-Amzn-SageMaker-Target-Model",
    "X-Amzn-SageMaker-Inference-Component",
    "X-Amzn-SageMaker-Target-Container-Hostname",
    "X-Amzn-SageMaker-Session-Id",
)

Reply = tuple[int, dict[str, str], bytes | str]


def install(cloud: Cloud, endpoints: Mapping[str, Endpoint]) -> None:
    """Answer from the servers of these endpoints."""

    def invoke_endpoint(self: SageMakerRuntimeResponse) -> Reply:
        name = unquote(self.path.split("/")[2])
        body = self.raw_body or b""
        return invoke(cloud, endpoints.get(name), name, self.headers, body)

    replace(SageMakerRuntimeResponse, "use_raw_body", True)
    replace(SageMakerRuntimeResponse, "invoke_endpoint", invoke_endpoint)


def invoke(
    cloud: Cloud, endpoint: Endpoint | None, name: str, headers: Mapping[str, str], body: bytes
) -> Reply:
    """One request, with SageMaker's own answers where no model can give one."""
    if endpoint is None or endpoint.fleet is None:
        return _not_found(cloud, name)
    if len(body) > BODY_LIMIT:
        message = f"The body has {len(body)} bytes; at most {BODY_LIMIT} are taken."
        return _error(413, "ValidationError", message)
    for header in REFUSED:
        if headers.get(header):
            return _error(400, "ValidationError", f"{header} is not supported by {name}.")
    for header, (member, form) in FORMS.items():
        value = headers.get(header)
        if value and not form.fullmatch(value):
            text = f"Value '{value:.80}' at '{member}' failed to satisfy constraint: {form.pattern}"
            return _error(400, "ValidationError", text)
    started = time.perf_counter()
    while (fleet := endpoint.fleet) is not None:
        try:
            with fleet.serving(headers.get(TARGET)) as (variant, server):
                return _measured(cloud, name, variant, server, headers, body, started)
        except FleetGone:
            continue  # an update ended in between; the servers after it answer
        except NoSuchVariant as error:
            return _error(400, "ValidationError", f"Variant {error} not found for endpoint {name}.")
    return _not_found(cloud, name)


def _not_found(cloud: Cloud, name: str) -> Reply:
    return _error(400, "ValidationError", f"Endpoint {name} of account {cloud.account} not found.")


def _measured(
    cloud: Cloud,
    endpoint: str,
    variant: str,
    server: ModelServer,
    headers: Mapping[str, str],
    body: bytes,
    started: float,
) -> Reply:
    """Ask the model, and count the invocation as SageMaker's metrics do."""
    passed = {header: headers[header] for header in PASSED_ON if headers.get(header)}
    asked = time.perf_counter()
    status = 500  # of a model that did not answer
    answered = asked
    try:
        answer = server.invoke(body, passed)
        status = answer.status
        answered = time.perf_counter()
        return _reply(cloud, endpoint, variant, server, headers, body, answer)
    except TimeoutError:
        answered = time.perf_counter()
        text = (
            f"Your invocation timed out while waiting for a response from container {variant}. "
            "Review the latency metrics for each container in Amazon CloudWatch, resolve the "
            "issue, and try again."
        )
        return _model_error(cloud, endpoint, variant, server, 0, text)
    except ServerDown:
        return _error(503, "ServiceUnavailable", f"The server of variant {variant} is starting.")
    finally:
        model = answered - asked
        overhead = time.perf_counter() - started - model
        metrics.count(cloud, endpoint, variant, status, model, overhead)


def _reply(
    cloud: Cloud,
    endpoint: str,
    variant: str,
    server: ModelServer,
    headers: Mapping[str, str],
    body: bytes,
    answer: Answer,
) -> Reply:
    if not 200 <= answer.status < 300:
        text = answer.body.decode(errors="replace")
        return _model_error(cloud, endpoint, variant, server, answer.status, text)
    found = _headers(answer, variant)
    server.capture(
        Invocation(
            body=body,
            content_type=headers.get("Content-Type") or "",
            answer=answer.body,
            answer_type=found["Content-Type"],
            inference_id=headers.get(INFERENCE_ID) or "",
            custom_attributes=headers.get(CUSTOM) or "",
        )
    )
    return 200, found, answer.body


def _headers(answer: Answer, variant: str) -> dict[str, str]:
    found = {
        "Content-Type": answer.headers.get("Content-Type", UNTYPED),
        INVOKED: variant,
    }
    if answer.headers.get(CUSTOM):
        found[CUSTOM] = answer.headers[CUSTOM]
    return found


def _model_error(
    cloud: Cloud, endpoint: str, variant: str, server: ModelServer, status: int, text: str
) -> Reply:
    kind = "client" if 400 <= status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    message = (
        f'Received {kind} error ({status}) from primary with message "{text[:MESSAGE_LIMIT]}". '
        f"See {cloud.url}#logEventViewer:group={group} in account {cloud.account} for more "
        f"information. (variant {variant})"
    )
    return _error(
        424,
        "ModelError",
        message,
        OriginalStatusCode=status,
        OriginalMessage=text[:MESSAGE_LIMIT],
        LogStreamArn=server.stream_arn,
    )


def _error(status: int, code: str, message: str, **more: Any) -> Reply:
    headers = {
        "Content-Type": "application/json",
        "x-amzn-ErrorType": code,
        # moto takes the status from here, not from the answer's first part.
        "status": str(status),
    }
    return status, headers, json.dumps({"Message": message, **more})
