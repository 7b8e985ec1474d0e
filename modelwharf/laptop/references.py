"""The references between a template's resources: they determine the order of creation."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_SUBSTITUTION = re.compile(r"\$\{([^!}.]+)(?:\.[^}]*)?\}")


def references(node: Any) -> Iterator[str]:
    """Every name in Ref, Fn::GetAtt, Fn::Sub and DependsOn, parameters included."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _named(key, value)
            yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def _named(key: str, value: Any) -> Iterator[str]:
    if key == "Ref":
        yield value
    elif key == "DependsOn":
        yield from [value] if isinstance(value, str) else value
    elif key == "Fn::GetAtt":
        yield value.split(".")[0] if isinstance(value, str) else value[0]
    elif key == "Fn::Sub":
        yield from _SUBSTITUTION.findall(value if isinstance(value, str) else value[0])


def order_of(resources: Mapping[str, Any]) -> list[str]:
    """The resources, each after those it refers to. A circle of references is not an error."""
    ordered: dict[str, None] = {}
    entered: set[str] = set()

    def enter(name: str) -> None:
        if name in entered:
            return
        entered.add(name)
        for other in references(resources[name]):
            if other in resources:
                enter(other)
        ordered[name] = None

    for name in resources:
        enter(name)
    return list(ordered)
