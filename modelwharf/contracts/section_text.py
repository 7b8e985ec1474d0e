"""The text of a section in Parameter Store, read into its model, or all that is wrong with it."""

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.names import PROJECT_NAME, PROJECT_RULE

Read = TypeVar("Read", bound=Contract)
# Alternatives of a union of scalars, as pydantic ends a finding's place, and in words.
ALTERNATIVES = {"str": "a string", "int": "an integer", "float": "a number", "bool": "a boolean"}


INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$"
OBJECT_KEY = r"^[^/](.*[^/])?$"
# "." of SageMaker's patterns, which are Java's, is not the end of a line in Unicode.
LINE_ENDS = "\n\r\u0085\u2028\u2029"
ONE_LINE = f"^[^{LINE_ENDS}]*$"
HEADER = r"^[ -~]+$"
IN_WORDS = {
    ONE_LINE: "one line: SageMaker takes no line's end here",
    HEADER: "a header's value: printable ASCII, such as text/csv",
    INSTANCE_TYPE: "an instance type of SageMaker's, such as ml.m5.large",
    OBJECT_KEY: "a key that neither begins nor ends with /",
    PROJECT_NAME: PROJECT_RULE,
}
"""What is allowed, where a pattern alone would say it."""


class InvalidParameter(ValueError):
    """A Parameter Store section holds something that a release cannot be made from."""


@dataclass(frozen=True)
class Finding:
    """One fault of a document: where it is, and what is allowed there."""

    place: tuple[str | int, ...]
    """Keys and list positions; empty: the document itself."""
    text: str
    """The key, its value and what is allowed."""
    allowed: tuple[str, ...] = ()
    """The keys that are known there, when this one is not."""


def validated(model: type[Read], document: object) -> Read | list[Finding]:
    """Return the model of a JSON value, or everything that is wrong with the value."""
    try:
        return model.model_validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        return [_finding(model, item) for item in _merged(error)]


def read_section(path: str, model: type[Read], text: str) -> Read:
    """Return the model from the text of the parameter at ``path``.

    Raises InvalidParameter, which names the path, each key, its value and what is allowed.
    """
    try:
        document = json.loads(text, object_pairs_hook=_without_doubles)
    except DoubledKey as error:
        raise InvalidParameter(
            f"{path} has the key {str(error)!r} twice in one object: JSON readers would silently "
            "take the last one; leave one"
        ) from None
    except json.JSONDecodeError as error:
        raise InvalidParameter(
            f"{path} is not JSON: {error.msg} at line {error.lineno} column {error.colno}; "
            f"its value starts {text[:60]!r}"
        ) from None
    except RecursionError:
        raise InvalidParameter(f"{path} is nested too deeply to be read") from None
    found = validated(model, document)
    if isinstance(found, list):
        raise InvalidParameter("; ".join(f"{path}: {one.text}" for one in found))
    return found


class DoubledKey(Exception):
    """A key that stands in one object twice; ``args`` is the key."""


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise DoubledKey(key)
        found[key] = value
    return found


def _merged(error: ValidationError) -> list[dict[str, Any]]:
    """The findings; those on the alternatives of one union are one.

    That a list is too short is none when it is so for its items' own findings.
    """
    merged: dict[tuple[Any, ...], dict[str, Any]] = {}
    places = [finding["loc"] for finding in error.errors()]
    for finding in error.errors():
        place = finding["loc"]
        inside = any(len(other) > len(place) and other[: len(place)] == place for other in places)
        if finding["type"] == "too_short" and inside:
            continue
        if place and place[-1] in ALTERNATIVES:
            words = "input should be " + " or ".join(ALTERNATIVES.values())
            merged[place[:-1]] = {**finding, "loc": place[:-1], "msg": words}
        else:
            merged[(*place, finding["type"])] = dict(finding)
    return list(merged.values())


def _finding(model: type[Contract], error: dict[str, Any]) -> Finding:
    place = tuple(error["loc"])
    location = ".".join(map(str, place)) or "the document"
    if error["type"] == "extra_forbidden":
        allowed = tuple(_sibling_keys(model, place))
        text = f"unknown key {location!r}; allowed here: {', '.join(allowed)}"
        return Finding(place, text, allowed)
    if error["type"] == "missing":
        return Finding(place, f"{location} is missing")
    value = json.dumps(error["input"], default=str)[:200]
    message = _message(error)
    if place[-1:] == ("[key]",):
        location = ".".join(map(str, place[:-2]))
        return Finding(place, f"{location} has the key {value}, but {message}")
    return Finding(place, f"{location} is {value}, but {message}")


def _message(error: dict[str, Any]) -> str:
    match error:
        case {"type": "string_pattern_mismatch", "ctx": {"pattern": str(known)}} if (
            known in IN_WORDS
        ):
            return f"it should be {IN_WORDS[known]}"
        case {"type": "too_short", "ctx": {"min_length": least}}:
            return f"it should have at least {least}"
    message: str = error["msg"].removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _sibling_keys(model: type[Contract], location: tuple[Any, ...]) -> list[str]:
    """The keys known at the place where an unknown one was found."""
    schema: dict[str, Any] = model.model_json_schema()
    node = schema
    for part in location[:-1]:
        node = _resolve(schema, node)
        if isinstance(part, int):
            node = node.get("items", {})
        else:
            named = node.get("properties", {}).get(part)
            patterns = list(node.get("patternProperties", {}).values())
            node = named or next(iter(patterns), None) or node.get("additionalProperties", {})
    return sorted(_resolve(schema, node).get("properties", {}))


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    options = node.get("anyOf", [])
    if options:
        node = next((option for option in options if "$ref" in option), options[0])
    if "$ref" in node:
        resolved: dict[str, Any] = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
        return resolved
    return node
