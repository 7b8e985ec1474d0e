"""The base of pydantic's contracts: frozen, and strict about unknown keys."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A frozen message. An unknown key is an error, so that typos are found."""

    model_config = ConfigDict(frozen=True, extra="forbid")
