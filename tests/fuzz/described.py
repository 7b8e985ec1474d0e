"""What the server's own description allows, and what it does not, sent to it by schemathesis."""

from typing import Any

import schemathesis
from hypothesis import given, seed
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.fuzz.found import Found, until_answered
from tests.fuzz.lanes import quietly

JSON = "application/json"
TEXTS = ("application/jsonlines", "application/x-ndjson", "application/x-jsonlines", "text/csv")
ASKED = "POST /invocations"


@schemathesis.serializer(*TEXTS)
def _text(context: object, value: object) -> bytes:
    return str(value).encode(errors="replace")


def described(port: int, count: int, number: int) -> Found:
    """Every operation of ``/openapi.json``; each answer must be one that it describes."""
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    operations: dict[str, Any] = {}
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr] # the document is well formed
        operations[operation.label] = operation
    found = Found()

    def ask(operation: Any, mode: GenerationMode, examples: int, chosen: int) -> None:
        @quietly(examples)
        @seed(chosen)
        @given(operation.as_strategy(generation_mode=mode))
        def run(case: schemathesis.Case[Any]) -> None:
            with found.noting(FailureGroup):
                response = case.call()
                found.answers[response.status_code] += 1
                # A schema tells neither that two lists are of one length, nor what a text holds.
                unsaid: list[Any] = [positive_data_acceptance]
                if case.media_type != JSON:
                    unsaid.append(negative_data_rejection)
                case.validate_response(response, excluded_checks=unsaid)

        run()

    def turn(examples: int, chosen: int) -> None:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            ask(asked, mode, examples, chosen)

    asked = operations.pop(ASKED)
    for one in operations.values():  # which take nothing, so nothing can be wrong with it
        ask(one, GenerationMode.POSITIVE, 1, number)
    until_answered(found, count, number, 2, turn)
    return found
