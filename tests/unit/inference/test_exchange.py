import json

import pytest

from inference.forecaster import Forecaster
from modelwharf.serving.refusal import Refusal

QUESTION = b'{"product":"wti","date":"2018-01-29"}'


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", "application/json"), ("text/csv", "text/csv"), ("text/*;q=0.2, */*", "application/json")],
)
def test_a_question_is_answered_in_the_format_that_is_liked_best(
    forecaster: Forecaster, accept: str, content_type: str
) -> None:
    exchange = forecaster.exchange("application/json", accept)
    asked = exchange.parse(QUESTION)
    answer = exchange.write(exchange.predict(asked))
    assert (exchange.content_type, exchange.rows(asked)) == (content_type, 1)
    assert (answer[:1] == b"{") == (content_type == "application/json")


def test_a_lone_question_gets_a_lone_answer(forecaster: Forecaster) -> None:
    exchange = forecaster.exchange("application/json", "")
    alone = json.loads(exchange.write(exchange.predict(exchange.parse(QUESTION))))
    (listed,) = json.loads(exchange.write(exchange.predict(exchange.parse(b"[%b]" % QUESTION))))
    assert alone == listed


@pytest.mark.parametrize("content_type", ["application/x-npy", "application/x-parquet"])
def test_formats_without_words_are_refused(forecaster: Forecaster, content_type: str) -> None:
    with pytest.raises(Refusal, match="use application/json, application/jsonlines, text/csv") as c:
        forecaster.exchange(content_type, "")
    assert c.value.status == 415
    with pytest.raises(Refusal) as caught:
        forecaster.exchange("application/json", content_type)
    assert caught.value.status == 406
