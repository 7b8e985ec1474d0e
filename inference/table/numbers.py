"""Numbers as people and programs write them in text."""

import math
import re

BEYOND = "is beyond what a 64-bit float holds (1.8e308); write inf where infinity is meant"

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
BLANK = " \t"
# Where no other bytes are, float() reads what the two expressions match, and nothing else.
PLAIN = b"0123456789+-.eE \t" + b"nNaAiIfFtTyY"


class NoNumber(ValueError):
    """``args[0]`` completes a sentence that begins with the text."""


def number(text: str) -> float:
    """The float64 nearest to a decimal number; ``nan`` and ``inf`` in any case; blank is NaN.

    Narrower than ``float``: no underscores, no digits of other scripts, and nothing that only
    overflow makes infinite. Raises NoNumber.
    """
    bare = text.strip(BLANK)
    if not bare:
        return math.nan
    if _NUMBER.fullmatch(bare):
        value = float(bare)
        if math.isinf(value):
            raise NoNumber(BEYOND)
        return value
    if _WORD.fullmatch(bare):
        return float(bare)
    raise NoNumber("is no number")


def is_number(text: str) -> bool:
    """Whether it is a number, and not nothing."""
    try:
        number(text)
    except NoNumber:
        return False
    return bool(text.strip(BLANK))
