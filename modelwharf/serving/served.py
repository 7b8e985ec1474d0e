"""The interface between the server and a model of any kind."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class ModelBroken(Exception):
    """The model folder cannot be served; the message names the file and the fault."""


class Exchange(Protocol[Asked, Answered]):
    """One pair of formats of a model: a content type in, a content type out.

    It holds no state of a request: one exchange serves all requests with the same headers, from
    several threads at once. The three steps are separate because the access log times them.
    """

    content_type: str
    """Of the response."""

    def parse(self, body: bytes) -> Asked:
        """Parse a request's body. Raises Refusal (400, 413)."""

    def predict(self, asked: Asked) -> Answered:
        """Predict. Raises Refusal (400)."""

    def predict_all(self, asked: Sequence[Asked]) -> Sequence[Answered]:
        """Return the answers to several requests, each with the same bits as alone.

        Raises Refusal when one of them is refused; ``predict`` shows which one.
        """

    def write(self, answered: Answered) -> bytes: ...

    def rows(self, asked: Asked) -> int:
        """Return the number of rows in the request, for the log and the metrics."""


class Served(Protocol):
    """A model in memory that has passed its holdout."""

    description: str
    """For the log: the model and its runtime."""

    def exchange(self, content_type: str, accept: str) -> Exchange[Any, Any]:
        """Return the exchange for these two headers; "" stands for a missing header.

        Raises Refusal: 415 or 406, with the allowed types.
        """

    def openapi(self) -> dict[str, object]:
        """Return ``requestBody`` and ``responses`` of ``POST /invocations`` in OpenAPI 3.1."""
