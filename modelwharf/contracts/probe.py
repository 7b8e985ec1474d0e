"""The request that Verify sends to a new model."""

import base64
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.repository_path import RepositoryPath
from modelwharf.contracts.section_text import HEADER

BODIES = ("body", "body_base64", "body_file")


class Probe(Contract):
    """A request that the new model must answer with HTTP 200 (and, if given, this body).

    Exactly one of three fields has the body: a text, bytes in base64, or a file of the repository
    at the release's commit.
    """

    # Of a model package's content types, and of InvokeEndpoint's headers.
    content_type: Annotated[str, Field(max_length=256, pattern=HEADER)] = "application/json"
    accept: Annotated[str, Field(max_length=1024, pattern=HEADER)] = "*/*"
    body: str | None = None
    body_base64: str | None = None
    body_file: RepositoryPath | None = None
    expected_body: str | None = None

    @field_validator("body_base64")
    @classmethod
    def is_base64(cls, value: str | None) -> str | None:
        try:
            base64.b64decode(value or "", validate=True)
        except ValueError as error:
            raise ValueError(f"it is not base64: {error}; write it with: base64 -w0 FILE") from None
        return value

    @model_validator(mode="after")
    def has_one_body(self) -> Self:
        given = [name for name in BODIES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"a probe needs one of {', '.join(BODIES)}; it has {' and '.join(given) or 'none'}"
            )
        return self

    @property
    def given(self) -> bytes:
        """The body in the parameter itself; a file is not in it."""
        if self.body_base64 is not None:
            return base64.b64decode(self.body_base64)
        return (self.body or "").encode()
