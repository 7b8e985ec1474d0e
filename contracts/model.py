"""The base of every contract: frozen, and strict about keys it does not know."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A frozen message. An unknown key is an error, so a typo never passes unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid")
