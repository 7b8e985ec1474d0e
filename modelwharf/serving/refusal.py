"""The error for a request that cannot be answered."""

import reprlib

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60
_SHORT.maxlist = _SHORT.maxdict = 3

Headers = tuple[tuple[bytes, bytes], ...]


class Refusal(Exception):
    """The request cannot be answered; the client gets the reason as JSON.

    ``status`` is the HTTP status: 4xx, or 507 when a model does not fit into memory. Faults of the
    server are not refusals. ``headers`` are added to the response.
    """

    def __init__(self, reason: str, *, status: int = 400, headers: Headers = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.headers = headers


def shown(value: object) -> str:
    """Shorten a client's value, which may have megabytes, for a reason."""
    return _SHORT.repr(value)
