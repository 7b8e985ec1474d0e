"""The constraints in AWS's model of a call: lengths, counts, ranges, patterns, enumerations.

botocore checks only missing members and minimum lengths, and moto checks little. Without this
check, a value that is too long or misspelt would fail only in AWS. The text is that of AWS's
services ("1 validation error detected: Value … at … failed to satisfy …"); ECR has one of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import regex
from moto.core.utils import get_service_model

from modelwharf.laptop.services import SERVICES

SHOWN = 200  # characters of a value, and values of an enumeration, that an error shows
CODES = {service.name: service.invalid for service in SERVICES.values() if service.invalid}
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
    if not found:
        return ""
    if service == "ecr":
        return found[0].in_ecrs_words
    plural = "" if len(found) == 1 else "s"
    told = "; ".join(fault.in_words for fault in found)
    return f"{len(found)} validation error{plural} detected: {told}"


@dataclass(frozen=True)
class _Fault:
    value: Any
    place: tuple[str, ...]
    constraint: str

    @property
    def in_words(self) -> str:
        shown = f"'{_as_java(self.value)[:SHOWN]}' at '{'.'.join(self.place)}'"
        return f"Value {shown} failed to satisfy constraint: {self.constraint}"

    @property
    def in_ecrs_words(self) -> str:
        """As in aws-actions/amazon-ecr-login, issue 225."""
        at = f"Invalid parameter at '{'.'.join(self.place)}'"
        return f"{at} failed to satisfy constraint: '{self.constraint}'"


def _as_java(value: Any) -> str:
    """The value as AWS's services print it: ``[a, b]``, ``{key=value}``."""
    if isinstance(value, list):
        return f"[{', '.join(map(_as_java, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}={_as_java(one)}' for key, one in value.items())}}}"
    return str(value)


def _broken(shape: Any, value: Any, place: tuple[str, ...]) -> Iterator[_Fault]:
    if value is None:
        return  # AWS accepts null for an absent member
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, member in shape.members.items():
            yield from _broken(member, value.get(name), (*place, name[:1].lower() + name[1:]))
        return
    for constraint in _faults(shape, value):
        yield _Fault(value, place, constraint)
    if shape.type_name == "list" and isinstance(value, list):
        yield from _broken_members("Member", shape.member, value, value, place)
    if shape.type_name == "map" and isinstance(value, Mapping):
        yield from _broken_members("Map keys", shape.key, list(value), value, place)
        yield from _broken_members("Map value", shape.value, list(value.values()), value, place)


def _broken_members(
    what: str, shape: Any, members: Sequence[Any], whole: Any, place: tuple[str, ...]
) -> Iterator[_Fault]:
    """Faults of the members: of structures each at its place, of texts and numbers at the whole.

    AWS names every constraint of such a member then, those that it keeps as well
    (aws/sagemaker-python-sdk, issue 314).
    """
    if shape.type_name in ("structure", "list", "map"):
        for number, one in enumerate(members, 1):
            yield from _broken(shape, one, (*place, str(number), "member"))
    elif any(True for one in members for _ in _faults(shape, one)):
        every = ", ".join(_constraints(shape))
        yield _Fault(whole, place, f"{what} must satisfy constraint: [{every}]")


def _constraints(shape: Any) -> Iterator[str]:
    """Every constraint of a text or number, in AWS's order and words."""
    held = "value" if shape.type_name in ("integer", "long", "float", "double") else "length"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if most is not None:
        yield f"Member must have {held} less than or equal to {most}"
    if least is not None:
        yield f"Member must have {held} greater than or equal to {least}"
    if shape.metadata.get("pattern"):
        yield f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}"
    if shape.metadata.get("enum"):
        yield f"Member must satisfy enum value set: [{', '.join(shape.metadata['enum'])}]"


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
