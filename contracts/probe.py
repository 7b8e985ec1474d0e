"""The request that a new model is asked once it serves."""

import base64
from typing import Self

from pydantic import field_validator, model_validator

from contracts.model import Contract
from contracts.repository_path import RepositoryPath

BODIES = ("body", "body_base64", "body_file")


class Probe(Contract):
    """A request that the new model must answer with HTTP 200 (and, if given, this body).

    One of three holds what is sent: a text, bytes in base64, or a file of the repository, as the
    release's commit has it.
    """

    content_type: str = "application/json"
    accept: str = "*/*"
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
            raise ValueError(f"it is no base64: {error}; write it with: base64 -w0 FILE") from None
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
        """What the parameter itself holds of the body: all but a file's."""
        if self.body_base64 is not None:
            return base64.b64decode(self.body_base64)
        return (self.body or "").encode()
