"""Replacing parts of moto, so that it can be done again and again in one process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_originals: dict[tuple[object, str], Any] = {}


def stock(owner: type, name: str) -> Callable[..., Any]:
    """The method as moto ships it, even after an earlier cloud of this process replaced it."""
    return _kept(owner, name)


def stock_function(owner: ModuleType, name: str) -> Callable[..., Any]:
    """The function of a module as moto ships it, likewise."""
    return _kept(owner, name)


def replace(owner: type | ModuleType, name: str, replacement: Any) -> None:
    """Put ours in the place of moto's, which is kept."""
    _kept(owner, name)
    setattr(owner, name, replacement)


@contextmanager
def as_shipped() -> Iterator[None]:
    """All of moto as it is shipped, for tests that show why something was replaced."""
    replaced = {place: getattr(*place) for place in _originals}
    _put(_originals)
    try:
        yield
    finally:
        _put(replaced)


def _put(methods: dict[tuple[object, str], Any]) -> None:
    for (owner, name), method in methods.items():
        setattr(owner, name, method)


def _kept(owner: object, name: str) -> Callable[..., Any]:
    original: Callable[..., Any] = _originals.setdefault((owner, name), getattr(owner, name))
    return original
