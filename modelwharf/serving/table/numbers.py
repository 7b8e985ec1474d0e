"""Numbers as people and programs write them in text."""

import math
import re

BEYOND = "is beyond what a 64-bit float holds (1.8e308); write inf where infinity is meant"

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
BLANK = " \t"
# In text of only these bytes, float() accepts exactly what the two expressions match.
PLAIN = b"0123456789+-.eE \t" + b"nNaAiIfFtTyY"


class InvalidNumber(ValueError):
    """The text is not a number. ``args[0]`` completes a sentence that begins with the text."""


def number(text: str) -> float:
    """Return the float64 nearest to a decimal number; ``nan`` and ``inf`` in any case; blank is
    NaN.

    Stricter than ``float``: no underscores, no digits of other scripts, and no finite number that
    overflows to infinity. Raises InvalidNumber.
    """
    bare = text.strip(BLANK)
    if not bare:
        return math.nan
    if _NUMBER.fullmatch(bare):
        value = float(bare)
        if math.isinf(value):
            raise InvalidNumber(BEYOND)
        return value
    if _WORD.fullmatch(bare):
        return float(bare)
    raise InvalidNumber("is not a number")


def is_number(text: str) -> bool:
    """Whether a text is a number and not blank."""
    try:
        number(text)
    except InvalidNumber:
        return False
    return bool(text.strip(BLANK))
