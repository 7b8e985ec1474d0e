"""moto's tables as one may read them while another thread writes.

moto's backends are dicts, walked by one request's thread while another adds to them: "dictionary
changed size during iteration", and a call that AWS would answer fails. Here such a dict is walked
as it was when the walk began. Making that copy is one step for CPython: it runs no Python code.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, ItemsView, Iterator, KeysView
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.core.common_models import BaseModel

from localcloud.cloud import Cloud
from localcloud.overrides import replace


class _Walked:
    """The walks of a dict, each over a list made at its begin."""

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
    """A dict that may be walked while it is written to."""


class OrderedTable(_Walked, OrderedDict[Any, Any]):  # type: ignore[misc]
    """The same of an OrderedDict."""

    _kind = OrderedDict


class DefaultTable(_Walked, defaultdict[Any, Any]):  # type: ignore[misc]
    """The same of a defaultdict; what it makes of a missing key is such a table, too."""

    def __init__(self, factory: Callable[[], Any] | None) -> None:
        super().__init__(None if factory is None else lambda: as_table(factory()))


def as_table(value: Any) -> Any:
    """An empty dict as a table; anything else as it is.

    An attribute that is to hold many things begins empty. A full dict is left alone, because
    somebody else may hold it, too.
    """
    if not isinstance(value, dict) or value:
        return value
    if type(value) is defaultdict:
        return DefaultTable(value.default_factory)
    if type(value) is OrderedDict:
        return OrderedTable()
    return Table() if type(value) is dict else value


def install(cloud: Cloud) -> None:
    """Make a table of each dict that a backend or a resource of moto is given to fill."""

    def set_attribute(self: object, name: str, value: Any) -> None:
        object.__setattr__(self, name, value if name == "__dict__" else as_table(value))

    replace(BaseBackend, "__setattr__", set_attribute)
    replace(BaseModel, "__setattr__", set_attribute)
