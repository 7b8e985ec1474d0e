"""What SageMaker would refuse hours later is refused here, by name."""

import json
import re
from typing import Any

import pytest

from modelwharf.contracts.parameters import parse_section
from modelwharf.contracts.section_text import InvalidParameter

PATH = "/modelwharf/p/section"


@pytest.mark.parametrize(
    ("section", "document", "place"),
    [
        ("source", {"branch": ""}, "branch"),
        ("source", {"branch": "two words"}, "branch"),
        ("source", {"base_image": "Python 3"}, "base_image"),
        ("source", {"max_file_mb": 0}, "max_file_mb"),
        ("data", {"prepare_arguments": []}, "prepare_arguments"),
        ("data", {"inputs": {"a": {"key": "a", "channel": "x y"}}}, "inputs.a.channel"),
        ("data", {"inputs": {"a": {"key": "a", "channel": "validation"}}}, '"prepare": false'),
        (
            "data",
            {
                "prepare": False,
                "inputs": {f"a{n}": {"key": "a", "channel": f"c{n}"} for n in range(21)},
            },
            "21 channels",
        ),
        ("training", {"hyperparameters": {"a": "x" * 2501}}, "hyperparameters"),
        ("training", {"hyperparameters": {"a" * 257: 1}}, "hyperparameters"),
        ("training", {"hyperparameters": {f"a{n}": n for n in range(101)}}, "hyperparameters"),
        ("training", {"hyperparameters": {"a": "one\ntwo"}}, "the value of a has several lines"),
        ("training", {"hyperparameters": {"a\u2028b": 1}}, "it should be one line"),
        ("data", {"prepare_arguments": ["a\nb"]}, "it should be one line"),
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
        ("deployment", {"startup_timeout_seconds": 3601}, "startup_timeout_seconds"),
        (
            "deployment",
            {"startup_timeout_seconds": 600, "update_timeout_seconds": 599},
            "its startup_timeout_seconds 600 is above its update_timeout_seconds 599",
        ),
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


@pytest.mark.parametrize(
    "text",
    ['{"rules": [], "rules": []}', '{"rules": [{"metric": "a", "minimum": 1, "minimum": 2}]}'],
)
def test_a_key_that_stands_there_twice_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"twice in one object.*leave one"):
        parse_section(PATH, "quality", text)


def test_a_document_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=PATH):
        parse_section(PATH, "data", "[" * 100_000)


def image(**paths: object) -> str:
    whole = {"dockerfile": "model/Dockerfile", "inputs": ["model"], **paths}
    return json.dumps({"training_image": whole})


@pytest.mark.parametrize(
    ("paths", "place", "words"),
    [
        ({"dockerfile": "/Dockerfile"}, "dockerfile", "without a leading '/'"),
        ({"dockerfile": "../Dockerfile"}, "dockerfile", "'..' is not allowed"),
        ({"dockerfile": ""}, "dockerfile", "at least 1 character"),
        ({"inputs": ["model", "a/../b"]}, "inputs.1", "'..' is not allowed"),
        ({"inputs": ["two words"]}, "inputs.0", "no space"),
        ({"inputs": ["model/*.py"]}, "inputs.0", "wildcard"),
        ({"inputs": ["-rf"]}, "inputs.0", "not begin with '-'"),
        ({"inputs": ["./model"]}, "inputs.0", "a plain path"),
        ({"inputs": ["model//a"]}, "inputs.0", "a plain path"),
        ({"inputs": ["."]}, "inputs.0", "name its files and folders one by one"),
        ({"context": "/"}, "context", "without a leading '/'"),
        ({"context": "model", "inputs": ["other"]}, "training_image", "'other' is not in its cont"),
        ({"context": "model", "inputs": ["models"]}, "training_image", "not in its context"),
    ],
)
def test_a_path_that_no_build_could_use_is_refused_with_what_is_allowed(
    paths: dict[str, Any], place: str, words: str
) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_section(PATH, "source", image(**paths))
    assert str(refusal.value).startswith(f"{PATH}: training_image")
    assert place in str(refusal.value)
    assert words in str(refusal.value)
    assert str(refusal.value).count(PATH) == 1  # and nothing else is wrong


@pytest.mark.parametrize(
    "paths",
    [
        {"context": "model"},
        {"context": "model/sub"},
        {"context": ".", "inputs": ["a", "b/c.py"]},
        {"context": "model", "inputs": ["model/a", "model/b"], "dockerfile": "docker/Dockerfile"},
        {"context": "model/", "inputs": ["model/"]},
        {"inputs": ["ä/ö.py", "a+b=c/d@1"]},
    ],
)
def test_paths_from_the_root_are_accepted(paths: dict[str, Any]) -> None:
    assert parse_section(PATH, "source", image(**paths))


@pytest.mark.parametrize(
    ("probe", "told"),
    [
        ({}, "a probe needs one of body, body_base64, body_file; it has none"),
        ({"body": "1", "body_file": "a"}, "it has body and body_file"),
        ({"body_base64": "not base64!"}, "write it with: base64 -w0 FILE"),
        ({"body_file": "../cat.jpg"}, "must not lead upwards"),
        ({"body": "1", "content_type": "text/plain\n"}, "printable ASCII, such as text/csv"),
        ({"body": "1", "content_type": "téxt/csv"}, "printable ASCII, such as text/csv"),
        ({"body": "1", "accept": ""}, "printable ASCII, such as text/csv"),
    ],
)
def test_a_probe_has_one_body_that_can_be_sent(probe: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidParameter, match=re.escape(told)):
        parse_section("/modelwharf/p/deployment", "deployment", json.dumps({"probe": probe}))


@pytest.mark.parametrize(
    ("section", "document", "words"),
    [
        ("training", {"instance_type": "m5.large"}, "such as ml.m5.large"),
        ("data", {"inputs": {"a": {"key": "/a"}}}, "a key that neither begins nor ends with /"),
        ("data", {"inputs": {}}, "inputs is {}, but it should have at least 1"),
    ],
)
def test_what_is_allowed_is_said_in_words(
    section: str, document: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        parse_section(PATH, section, json.dumps(document))
    assert words in str(refusal.value)
    assert "pattern" not in str(refusal.value)
