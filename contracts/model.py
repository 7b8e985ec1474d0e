"""The base of the contracts that pydantic reads: frozen, and strict about keys unknown to it."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A frozen message. An unknown key is an error, so a typo never passes unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid")
