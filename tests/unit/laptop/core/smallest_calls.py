"""For any operation of any service the smallest input that botocore lets through."""

from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape

ARN = "arn:aws:sns:eu-west-1:123456789012:a-long-name/of-nothing"


def smallest_input(shape: Any) -> dict[str, Any]:
    """Only what must be there, each as small as the model allows."""
    return {} if shape is None else _value(shape, ())


def _value(shape: Shape, within: tuple[str, ...]) -> Any:
    made = _MAKERS.get(shape.type_name)
    if made is not None:
        return made(shape)
    if shape.type_name == "structure":
        return _structure(shape, within)
    if shape.type_name == "list":
        in_query = shape.serialization.get("location") == "querystring"
        count = max(int(in_query), shape.metadata.get("min", 0))
        return [_value(shape.member, (*within, shape.name))] * count  # type: ignore[attr-defined]
    return {}  # a map, or a document


def _structure(shape: Any, within: tuple[str, ...]) -> dict[str, Any]:
    if shape.name in within:
        return {}
    names = shape.required_members
    if getattr(shape, "is_tagged_union", False):
        names = list(shape.members)[:1]
    return {
        name: ARN if _is_arn(name, member) else _value(member, (*within, shape.name))
        for name, member in ((name, shape.members[name]) for name in names)
    }


def _is_arn(name: str, shape: Shape) -> bool:
    return shape.type_name == "string" and name.lower().endswith("arn")


def _text(shape: Any) -> str:
    return str(shape.enum[0]) if shape.enum else "x" * max(1, shape.metadata.get("min", 1))


def _number(shape: Shape) -> int:
    return max(1, int(shape.metadata.get("min", 1)))


_MAKERS: dict[str, Any] = {
    "string": _text,
    "character": _text,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": lambda shape: False,
    "blob": lambda shape: b"x",
    "timestamp": lambda shape: datetime(2026, 1, 1, tzinfo=UTC),
}
