"""JSON into frozen dataclasses: every key known, every value of its field's type.

The other contracts use pydantic. The inference server reads one of these at its start, and
importing pydantic would add a fifth to that (docs/decisions/0026).
"""

import json
from collections.abc import Sequence
from dataclasses import MISSING, asdict, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

Document = TypeVar("Document")
Place = tuple[str | int, ...]

SHOWN = 60  # characters of a value in a message
WORDS = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a text",
    type(None): "null",
}


class Unfit(ValueError):
    """A document is invalid; the message begins with the place of the fault."""

    def __init__(self, reason: str, *place: str | int) -> None:
        super().__init__(f"{'.'.join(map(str, place)) or 'it'}: {reason}")
        self.reason = reason
        self.place = place


def read_json(kind: type[Document], text: bytes | str) -> Document:
    """A dataclass of values: None, truth values, numbers, texts, unions of these, literals, tuples
    and dicts of one type, and other such dataclasses. An integer is accepted for a float.

    Raises Unfit, and so may ``__post_init__`` of the dataclass, for rules beyond its types.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unfit(f"it is not JSON: {error}") from None
    return cast(Document, _object(kind, document, ()))


def write_json(document: Any) -> str:
    """The text that ``read_json`` reads, one line per field."""
    return json.dumps(asdict(document), indent=2, ensure_ascii=False) + "\n"


def _object(kind: Any, found: object, place: Place) -> Any:
    given = _dict(found, place)
    known = fields(kind)
    values = {}
    for field in known:
        if field.name in given:
            values[field.name] = _value(field.type, given[field.name], (*place, field.name))
        elif field.default is MISSING and field.default_factory is MISSING:
            raise Unfit("is missing", *place, field.name)
    for name in given:
        if name not in values:
            allowed = ", ".join(field.name for field in known)
            raise Unfit(f"is not known; known are {allowed}", *place, name)
    try:
        return kind(**values)
    except Unfit as error:
        raise Unfit(error.reason, *place, *error.place) from None


def _value(kind: Any, found: object, place: Place) -> Any:
    if is_dataclass(kind):
        return _object(kind, found, place)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType and isinstance(found, list):
        lists = [one for one in arguments if get_origin(one) is tuple]
        kind = lists[0] if lists else kind
        origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        if not isinstance(found, list):
            raise _unlike("a list", found, place)
        return tuple(_value(arguments[0], one, (*place, n)) for n, one in enumerate(found))
    if origin is dict:
        given = _dict(found, place)
        return {name: _value(arguments[1], one, (*place, name)) for name, one in given.items()}
    if origin is Literal:
        if not isinstance(found, str) or found not in arguments:
            raise _unlike(" or ".join(map(repr, arguments)), found, place)
        return found
    return _plain(arguments if origin is UnionType else (kind,), found, place)


def _plain(kinds: Sequence[type], found: object, place: Place) -> object:
    if type(found) in kinds:
        return found
    if isinstance(found, int) and not isinstance(found, bool) and float in kinds:
        try:
            return float(found)
        except OverflowError:
            raise Unfit("is beyond what a 64-bit float holds (1.8e308)", *place) from None
    raise _unlike(" or ".join(WORDS.get(kind, "a list") for kind in kinds), found, place)


def _dict(found: object, place: Place) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise _unlike("an object", found, place)
    return found


def _unlike(allowed: str, found: object, place: Place) -> Unfit:
    return Unfit(f"must be {allowed}, and is {repr(found)[:SHOWN]}", *place)
