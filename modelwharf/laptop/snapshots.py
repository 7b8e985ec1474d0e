"""Dicts of moto's backends that one thread may iterate while another writes.

moto's backends are dicts. One request's thread iterates them while another adds to them: a call
that AWS would answer fails with "dictionary changed size during iteration". Here an iteration uses
a copy of the dict, made at its start. CPython makes the copy in one step: it runs no Python code.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, ItemsView, Iterator, KeysView
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.core.common_models import BaseModel

from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.overrides import replace


class _Walked:
    """Iterates a dict over a list that is made at the start."""

    _kind: type[dict[Any, Any]] = dict

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._kind.keys(self)))  # type: ignore[arg-type]

    def keys(self) -> KeysView[Any]:
        return dict.fromkeys(self).keys()

    def values(self) -> list[Any]:
        return list(self._kind.values(self))  # type: ignore[arg-type]

    def items(self) -> ItemsView[Any, Any]:
        return dict(list(self._kind.items(self))).items()  # type: ignore[arg-type]

    def copy(self) -> dict[Any, Any]:
        return dict(self.items())


class Table(_Walked, dict[Any, Any]):  # type: ignore[misc]
    """A dict that may be iterated while another thread writes."""


class OrderedTable(_Walked, OrderedDict[Any, Any]):  # type: ignore[misc]
    """An OrderedDict that may be iterated while another thread writes."""

    _kind = OrderedDict


class DefaultTable(_Walked, defaultdict[Any, Any]):  # type: ignore[misc]
    """A defaultdict that may be iterated while another thread writes; so may dicts it creates."""

    def __init__(self, factory: Callable[[], Any] | None) -> None:
        super().__init__(None if factory is None else lambda: as_table(factory()))


def as_table(value: Any) -> Any:
    """A table for an empty dict; any other value unchanged.

    An attribute that will hold many items starts empty. A full dict stays as it is, because another
    thread may hold it, too.
    """
    if not isinstance(value, dict) or value:
        return value
    if type(value) is defaultdict:
        return DefaultTable(value.default_factory)
    if type(value) is OrderedDict:
        return OrderedTable()
    return Table() if type(value) is dict else value


def install(cloud: Cloud) -> None:
    """Make a table of each dict assigned to an attribute of moto's backends or resources."""

    def set_attribute(self: object, name: str, value: Any) -> None:
        object.__setattr__(self, name, value if name == "__dict__" else as_table(value))

    replace(BaseBackend, "__setattr__", set_attribute)
    replace(BaseModel, "__setattr__", set_attribute)
