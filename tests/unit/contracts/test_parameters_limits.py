"""What SageMaker would refuse hours later is refused here, by name."""

import json
from typing import Any

import pytest

from contracts.parameters import InvalidParameter, parse_section

PATH = "/modelwharf/p/section"


@pytest.mark.parametrize(
    ("section", "document", "place"),
    [
        ("source", {"branch": ""}, "branch"),
        ("source", {"branch": "two words"}, "branch"),
        ("data", {"prepare_arguments": []}, "prepare_arguments"),
        ("training", {"hyperparameters": {"a": "x" * 2501}}, "hyperparameters"),
        ("training", {"hyperparameters": {"a" * 257: 1}}, "hyperparameters"),
        ("training", {"hyperparameters": {f"a{n}": n for n in range(101)}}, "hyperparameters"),
        ("training", {"instance_count": 1000}, "instance_count"),
        ("training", {"metric_definitions": [{"name": "a", "regex": "(["}]}, "regex"),
        ("training", {"metric_definitions": [{"name": "a", "regex": "a=.*"}]}, "regex"),
        (
            "training",
            {"metric_definitions": [{"name": f"a{n}", "regex": "(.)"} for n in range(41)]},
            "metric_definitions",
        ),
        ("quality", {"rules": [{"metric": "a", "minimum": float("nan")}]}, "minimum"),
        ("quality", {"rules": [{"metric": "a", "maximum": float("inf")}]}, "maximum"),
        ("quality", {"rules": [{"metric": "a", "minimum": 2, "maximum": 1}]}, "rules.0"),
        ("deployment", {"verify_tolerance": float("inf")}, "verify_tolerance"),
        ("deployment", {"environment": {"A B": "1"}}, "environment"),
        ("deployment", {"environment": {"A": "1" * 1025}}, "environment"),
        ("deployment", {"environment": {f"A{n}": "1" for n in range(101)}}, "environment"),
    ],
)
def test_a_value_beyond_a_limit_is_refused_with_its_place(
    section: str, document: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_section(PATH, section, json.dumps(document))
    assert str(refusal.value).startswith(PATH)
    assert place in str(refusal.value)


def test_a_document_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=PATH):
        parse_section(PATH, "data", "[" * 100_000)
