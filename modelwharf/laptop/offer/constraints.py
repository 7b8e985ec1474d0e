"""The constraints in AWS's model of a call: lengths, counts, ranges, patterns, enumerations.

botocore checks only missing members and minimum lengths, and moto checks little. Without this
check, a value that is too long or misspelt would fail only in AWS. The text is that of AWS's
services ("1 validation error detected: Value … at … failed to satisfy …").
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import regex
from moto.core.utils import get_service_model

SHOWN = 200  # characters of a value, and values of an enumeration, that an error shows
CODES = {
    "codebuild": "InvalidInputException",
    "ecr": "InvalidParameterException",
    "sagemaker": "ValidationException",
    "ssm": "ValidationException",
    "stepfunctions": "ValidationException",
}
"""The checked services, and the code of their refusal."""
UNREADABLE = "${"
"""A pattern with this text is unusable: SageMaker's for customer metadata
(modelwharf.laptop.sagemaker.rules).
"""


def broken(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """AWS's error text for the parameters; "" when they are valid."""
    if service not in CODES:
        return ""
    shape: Any = get_service_model(service).operation_model(operation).input_shape
    found = list(_broken(shape, parameters, ())) if shape is not None else []
    plural = "" if len(found) == 1 else "s"
    return f"{len(found)} validation error{plural} detected: {'; '.join(found)}" if found else ""


def _broken(shape: Any, value: Any, place: tuple[str, ...]) -> Iterator[str]:
    if value is None:
        return  # AWS accepts null for an absent member
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, member in shape.members.items():
            yield from _broken(member, value.get(name), (*place, name[:1].lower() + name[1:]))
        return
    faults = list(_faults(shape, value))
    for fault in faults:
        shown = f"'{str(value)[:SHOWN]}' at '{'.'.join(place)}'"
        yield f"Value {shown} failed to satisfy constraint: {fault}"
    if shape.type_name == "list" and isinstance(value, list):
        for number, one in enumerate(value, 1):
            yield from _broken(shape.member, one, (*place, str(number), "member"))
    if shape.type_name == "map" and isinstance(value, Mapping):
        yield from _broken_map(shape, value, place)


def _broken_map(shape: Any, value: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[str]:
    for key, one in value.items():
        for fault in _faults(shape.key, key):
            yield (
                f"Value '{str(dict(value))[:SHOWN]}' at '{'.'.join(place)}' failed to satisfy "
                f"constraint: Map keys must satisfy constraint: [{fault}]"
            )
        yield from _broken(shape.value, one, (*place, key, "member"))


def _faults(shape: Any, value: Any) -> Iterable[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, str | list | dict):
        if least is not None and len(value) < least:
            yield f"Member must have length greater than or equal to {least}"
        if most is not None and len(value) > most:
            yield f"Member must have length less than or equal to {most}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if least is not None and value < least:
            yield f"Member must have value greater than or equal to {least}"
        if most is not None and value > most:
            yield f"Member must have value less than or equal to {most}"
    if isinstance(value, str):
        yield from _misspelt(shape, value)


def _misspelt(shape: Any, value: str) -> Iterable[str]:
    pattern, allowed = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern and UNREADABLE not in pattern and not _compiled(pattern).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if allowed and value not in allowed:
        yield f"Member must satisfy enum value set: [{', '.join(allowed)}]"


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern)
