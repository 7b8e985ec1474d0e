"""What the server's own description allows, and what it does not, sent to it by schemathesis."""

from collections import Counter
from typing import Any

import schemathesis
from hypothesis import given, seed
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.fuzz.lanes import Tally, quietly

JSON = "application/json"
TEXTS = ("application/jsonlines", "application/x-ndjson", "application/x-jsonlines", "text/csv")
ASKED = "POST /invocations"


@schemathesis.serializer(*TEXTS)
def _text(context: object, value: object) -> bytes:
    return str(value).encode(errors="replace")


def described(port: int, count: int, number: int) -> Tally:
    """Every operation of ``/openapi.json``; each answer must be one that it describes."""
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    tally: Tally = Counter()
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr] # the document is well formed
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if operation.label != ASKED and mode is GenerationMode.NEGATIVE:
                continue  # nothing can be wrong with what takes nothing

            @quietly(max(1, count // 2) if operation.label == ASKED else 1)
            @seed(number)
            @given(operation.as_strategy(generation_mode=mode))
            def run(case: schemathesis.Case[Any]) -> None:
                response = case.call()
                tally[response.status_code] += 1
                # A schema tells neither that two lists are of one length, nor what a text holds.
                unsaid: list[Any] = [positive_data_acceptance]
                if case.media_type != JSON:
                    unsaid.append(negative_data_rejection)
                case.validate_response(response, excluded_checks=unsaid)

            run()
    return tally
