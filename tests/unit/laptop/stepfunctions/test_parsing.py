"""A definition is parsed once, and each execution has a program of its own."""

import json
from collections.abc import Iterator

import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import (
    AmazonStateLanguageParser,
    ASLParserException,
)

from modelwharf.laptop.overrides import as_shipped
from modelwharf.laptop.stepfunctions import parsing

PASS = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    parsing.require_valid.cache_clear()
    parsing.install()
    yield
    parsing.require_valid.cache_clear()


def test_two_executions_share_the_syntax_tree_and_no_program() -> None:
    parsing.require_valid(PASS)
    programs, trees = zip(*(AmazonStateLanguageParser.parse(PASS) for _ in range(3)), strict=True)
    assert len({id(tree) for tree in trees}) == 1
    assert len({id(program) for program in programs}) == 3
    with as_shipped():
        shipped = [AmazonStateLanguageParser.parse(PASS)[1] for _ in range(2)]
    assert shipped[0] is not shipped[1]


def test_what_the_grammar_refuses_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ASLParserException, match="Sleep"):
            AmazonStateLanguageParser.parse(PASS.replace("Pass", "Sleep"))
