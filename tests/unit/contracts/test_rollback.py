"""What was undone, in sentences."""

import pytest

from modelwharf.contracts.rollback import EndpointOutcome, Rollback


@pytest.mark.parametrize("outcome", list(EndpointOutcome))
def test_every_outcome_has_a_sentence_that_names_what_serves_where_something_does(
    outcome: EndpointOutcome,
) -> None:
    serves = {EndpointOutcome.KEPT, EndpointOutcome.RESTORED}
    config = "oil-price-old" if outcome in serves else None

    words = Rollback(endpoint=outcome, serving_config=config).in_words()

    assert words.startswith("No job was running. The ") and words.endswith(".")
    assert ("oil-price-old" in words) == (outcome in serves)


def test_the_jobs_that_were_stopped_are_named() -> None:
    words = Rollback(stopped=("training/x", "build/y")).in_words()
    assert words.startswith("Stopped training/x, build/y. ")
