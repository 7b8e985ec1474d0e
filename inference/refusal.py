"""Why a request is not answered."""


class Refusal(Exception):
    """The request cannot be answered as asked; the client gets the reason as JSON.

    ``status`` is the HTTP status, always 4xx: our own faults are not refusals.
    """

    def __init__(self, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
