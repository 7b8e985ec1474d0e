"""Replacing parts of moto, so that it can be done again and again in one process."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

_originals: dict[tuple[object, str], Any] = {}


def stock(owner: type, name: str) -> Callable[..., Any]:
    """The method as moto ships it, even after an earlier cloud of this process replaced it."""
    return _kept(owner, name)


def stock_function(owner: ModuleType, name: str) -> Callable[..., Any]:
    """The function of a module as moto ships it, likewise."""
    return _kept(owner, name)


def _kept(owner: object, name: str) -> Callable[..., Any]:
    original: Callable[..., Any] = _originals.setdefault((owner, name), getattr(owner, name))
    return original
