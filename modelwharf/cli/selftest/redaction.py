"""Removes from a report what identifies the account."""

import json
import re
from typing import TypeVar

from modelwharf.artifact.contract import Contract

Model = TypeVar("Model", bound=Contract)

RULES = (
    # Key ids and session tokens should never be in the evidence; if one is, it is removed.
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"), "<key>"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "<address>"),
    # arn:aws:sagemaker:eu-west-1:123456789012:training-job/x → arn:…:sagemaker:…:training-job/…
    (
        re.compile(r"\barn:aws[\w-]*:([\w-]+):[\w-]*:\d*:([\w-]*)[^\s\\\"',;)\]}]*"),
        r"arn:…:\1:…:\2…",
    ),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"(?<![0-9A-Za-z.])\d{12}(?![0-9A-Za-z.])"), "<account>"),
    (re.compile(r"\d{12}(?=\.dkr\.ecr\.)"), "<account>"),
)


def redacted_text(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Redact a text. ``secrets`` are the account's own words: its id, names of buckets."""
    for pattern, instead in RULES:
        text = pattern.sub(instead, text)
    for secret in secrets:
        text = text.replace(secret, "<account>")
    return text


def redacted(model: Model, secrets: tuple[str, ...] = ()) -> Model:
    """Return the model with every text in it redacted."""
    document = json.loads(redacted_text(model.model_dump_json(), secrets))
    return type(model).model_validate(document)
