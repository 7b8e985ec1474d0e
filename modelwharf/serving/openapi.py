"""The server's OpenAPI 3.1 description, served at ``GET /openapi.json``."""

from typing import Any

from modelwharf.serving.served import Served

VERSION = "3.1.0"
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
# Responses of POST /invocations, besides 200.
REFUSALS = {
    "400": "The body does not say what it should; the reason names the place.",
    "406": "No format of the Accept header is written; the reason lists those that are.",
    "408": "The body came too slowly.",
    "413": "The body is longer than 25 MiB, or holds more rows or values than are answered.",
    "415": "The Content-Type is not read; the reason lists those that are.",
    "431": "The headers are too large.",
    "500": "A fault of the server's own; its log has the reason.",
    "503": "The model loads, the queue is full, the server ends, or no answer came in time.",
}


def document(served: Served) -> dict[str, Any]:
    """Return the whole OpenAPI document of a server of this model."""
    asked: dict[str, Any] = served.openapi()
    responses = dict(asked["responses"])
    responses["200"] = {**responses["200"], "headers": {ATTRIBUTES: _header("As it was sent.")}}
    return {
        "openapi": VERSION,
        "info": {
            "title": "Modelwharf inference",
            "version": "1",
            "description": f"{served.description}. The contract is SageMaker's own.",
        },
        "paths": {
            "/ping": _ping(),
            "/invocations": {
                "post": {
                    "operationId": "invoke",
                    "summary": "Ask the model.",
                    "parameters": [
                        {
                            "name": ATTRIBUTES,
                            "in": "header",
                            "description": "Given back with the answer.",
                            "schema": {"type": "string", "maxLength": 1024, "pattern": "^[ -~]*$"},
                        }
                    ],
                    "requestBody": asked["requestBody"],
                    "responses": {
                        **responses,
                        **{status: _refusal(reason) for status, reason in REFUSALS.items()},
                    },
                }
            },
            "/execution-parameters": _fixed(
                "executionParameters",
                "What a batch transform may send, and how many requests at once.",
                {
                    "MaxConcurrentTransforms": {"type": "integer", "minimum": 1},
                    "BatchStrategy": {"enum": ["MULTI_RECORD", "SINGLE_RECORD"]},
                    "MaxPayloadInMB": {"type": "integer", "minimum": 0},
                },
            ),
            "/openapi.json": _fixed("describe", "This document.", {}),
        },
        "components": {
            "schemas": {
                "Error": {
                    "type": "object",
                    "properties": {"error": {"type": "string"}},
                    "required": ["error"],
                }
            }
        },
    }


def _ping() -> dict[str, Any]:
    responses = {
        "200": {"description": "The model has answered its holdout, and answers."},
        "503": {"description": "The model loads, or the server ends."},
    }
    return {
        "get": {"operationId": "ping", "summary": "Whether it serves.", "responses": responses},
        "head": {"operationId": "pingHead", "summary": "The same.", "responses": responses},
    }


def _fixed(name: str, summary: str, properties: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if properties:
        schema["required"] = list(properties)
    response = {"description": summary, "content": {"application/json": {"schema": schema}}}
    return {
        "get": {"operationId": name, "summary": summary, "responses": {"200": response}},
    }


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _refusal(reason: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    refusal: dict[str, Any] = {
        "description": reason,
        "content": {"application/json": {"schema": schema}},
    }
    if reason == REFUSALS["503"]:
        refusal["headers"] = {"Retry-After": _header("Seconds.")}
    return refusal
