"""InvokeEndpoint: send the request to the variant's server, and return its response.

Stock moto answers with a canned body, even for endpoints that do not exist, and cannot take
a body that is not UTF-8.

**What a container gets.** InvokeEndpoint's reference says that SageMaker strips all headers except
those of the request's syntax, and may add others, on which no container should rely. Here the
container gets the headers of that syntax that a single container can use: Content-Type, Accept,
Custom-Attributes (documented: "forwarded verbatim") and Inference-Id. The reference does not say
that Inference-Id reaches the container; AWS's own serving containers (deepjavalibrary/djl-serving,
pull request 2363) read it there. It is passed only when the caller gave one. The call's request id
is undocumented and not passed: a program that relied on it here would miss it in AWS. AWS's
containers also read an X-Amzn-SageMaker-Forwarded-Api, which is undocumented and not passed.

**What the caller gets.** For a 2xx: the container's body, Content-Type and Custom-Attributes. For a
4xx or 5xx, 503 included: a ModelError (424) with the container's status as OriginalStatusCode
(documented).
"""

import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace
from modelwharf.laptop.sagemaker import metrics
from modelwharf.laptop.sagemaker.data_capture import Invocation
from modelwharf.laptop.sagemaker.endpoint import Endpoint
from modelwharf.laptop.sagemaker.fleet import FleetGone, NoSuchVariant
from modelwharf.laptop.sagemaker.model_container import Answer, ServerDown
from modelwharf.laptop.sagemaker.model_server import ModelServer

BODY_LIMIT = 25 * 1024 * 1024  # bytes (InvokeEndpoint)
MESSAGE_LIMIT = 1024  # characters of the model's own message that an error shows

CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
TARGET = "X-Amzn-SageMaker-Target-Variant"
INVOKED = "x-Amzn-Invoked-Production-Variant"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
PASSED_ON = ("Content-Type", "Accept", CUSTOM, INFERENCE_ID)
UNTYPED = "application/octet-stream"  # the content type when the container names none
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
    """Answer InvokeEndpoint from the servers of these endpoints."""

    def invoke_endpoint(self: SageMakerRuntimeResponse) -> Reply:
        name = unquote(self.path.split("/")[2])
        body = self.raw_body or b""
        return invoke(cloud, endpoints.get(name), name, self.headers, body)

    replace(SageMakerRuntimeResponse, "use_raw_body", True)
    replace(SageMakerRuntimeResponse, "invoke_endpoint", invoke_endpoint)


def invoke(
    cloud: Cloud, endpoint: Endpoint | None, name: str, headers: Mapping[str, str], body: bytes
) -> Reply:
    """Send one request. If no model can answer, respond with SageMaker's own error."""
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
            continue  # an update ended in between; the new servers answer
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
    """Send the request, and count the invocation in SageMaker's metrics."""
    passed = {header: headers[header] for header in PASSED_ON if headers.get(header)}
    asked = time.perf_counter()
    status = 500  # the status when the model did not answer
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
        return _error(503, "ServiceUnavailable", server.why_down)
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
        # moto reads the status from here, not from the first part of the answer.
        "status": str(status),
    }
    return status, headers, json.dumps({"Message": message, **more})
