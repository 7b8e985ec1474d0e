"""Parse each definition once: an execution gets its own program from the cached tree.

moto parses the definition anew for each execution, which takes a second for a release's.
"""

import functools
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from modelwharf.laptop.overrides import replace, stock

KEPT = 16  # definitions


@dataclass(frozen=True)
class _Parsed:
    """A parsed definition. ``unused`` is the parser's program, until an execution takes it.

    An execution changes its program, so two executions may not share one.
    """

    tree: Any  # antlr4 has no types
    unused: list[EvalComponent]


def install() -> None:
    """Replace the parser's only entry point."""
    replace(AmazonStateLanguageParser, "parse", staticmethod(parse))


def parse(definition: str) -> tuple[EvalComponent, Any]:
    """Return a program for one execution, and the shared syntax tree.

    Raises any error of the grammar.
    """
    parsed = require_valid(definition)
    with suppress(IndexError):
        return parsed.unused.pop(), parsed.tree
    return Preprocessor().visit(parsed.tree), parsed.tree


@functools.lru_cache(KEPT)
def require_valid(definition: str) -> _Parsed:
    """Parse the definition, or return the cached result. Raises any error of the grammar."""
    program, tree = stock(AmazonStateLanguageParser, "parse")(definition)
    return _Parsed(tree, [program])
