"""What the server asks of a model, whatever it answers with."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class ModelBroken(Exception):
    """The model folder cannot be served; the message names the file and what is wrong."""


class Exchange(Protocol[Asked, Answered]):
    """One way to ask a model: a content type in, a content type out.

    It holds nothing of a request, so that one serves every request with the same headers, from
    several threads at once. The three steps are apart so that the access log can time them.
    """

    content_type: str
    """Of the answer."""

    def parse(self, body: bytes) -> Asked:
        """Raises Refusal (400, 413)."""

    def predict(self, asked: Asked) -> Answered:
        """Raises Refusal (400)."""

    def predict_all(self, asked: Sequence[Asked]) -> Sequence[Answered]:
        """The answers to several questions, each with the same bits as alone.

        Raises Refusal when one of them is refused; which one, ``predict`` tells.
        """

    def write(self, answered: Answered) -> bytes: ...

    def rows(self, asked: Asked) -> int:
        """How many rows were asked for; for the log and the metrics."""


class Served(Protocol):
    """A model in memory that has answered its own holdout as it should."""

    description: str
    """For the log: what it is, and with which runtime."""

    def exchange(self, content_type: str, accept: str) -> Exchange[Any, Any]:
        """The way to ask that these two headers name; "" for a header that is not there.

        Raises Refusal: 415 or 406, with what is allowed.
        """

    def openapi(self) -> dict[str, object]:
        """``requestBody`` and ``responses`` of ``POST /invocations``, in OpenAPI 3.1's words."""
