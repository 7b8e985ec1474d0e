"""Replacing methods of moto's classes, so that it can be done again and again in one process."""

from collections.abc import Callable
from typing import Any

_originals: dict[tuple[type, str], Any] = {}


def stock(owner: type, name: str) -> Callable[..., Any]:
    """The method as moto ships it, even after an earlier cloud of this process replaced it."""
    method: Callable[..., Any] = _originals.setdefault((owner, name), getattr(owner, name))
    return method
