"""Requests for forecasts, in the formats that can hold strings."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

from inference.codec import FORMATS, Questions, decode, encode
from modelwharf.artifact.forecast import Forecast, ForecastRequest
from modelwharf.serving.formats import Format, answer_type, request_format

Answer = Callable[[Sequence[ForecastRequest]], list[Forecast]]


class Forecasts(NamedTuple):
    """``single``: the answer to one object is one object."""

    answers: list[Forecast]
    single: bool


class ForecastExchange:
    """One pair of formats; an ``modelwharf.serving.served.Exchange``."""

    def __init__(self, answer: Answer, asked: Format, written: Format, content_type: str) -> None:
        self.content_type = content_type
        self._answer = answer
        self._asked = asked
        self._written = written

    @classmethod
    def of(cls, answer: Answer, content_type: str, accept: str) -> Self:
        """Raises Refusal (415, 406)."""
        asked = request_format(content_type, FORMATS)
        written, name = answer_type(accept, content_type, FORMATS)
        return cls(answer, asked, written, name)

    def parse(self, body: bytes) -> Questions:
        """Raises Refusal (400, 413)."""
        return decode(body, self._asked)

    def predict(self, asked: Questions) -> Forecasts:
        """Raises Refusal (400)."""
        return Forecasts(self._answer(asked.requests), asked.single)

    def predict_all(self, asked: Sequence[Questions]) -> list[Forecasts]:
        """Raises Refusal (400)."""
        return [self.predict(one) for one in asked]

    def write(self, answered: Forecasts) -> bytes:
        return encode(answered.answers, self._written, single=answered.single)

    def rows(self, asked: Questions) -> int:
        return len(asked.requests)
