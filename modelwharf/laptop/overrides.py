"""Replace parts of moto, repeatably within one process."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_MISSING = object()  # stands for an attribute that moto lacks

_originals: dict[tuple[object, str], Any] = {}


def stock(owner: type | ModuleType, name: str) -> Callable[..., Any]:
    """The method or function as moto ships it, even after an earlier cloud replaced it."""
    original: Callable[..., Any] = _originals.setdefault((owner, name), getattr(owner, name))
    return original


def replace(owner: type | ModuleType, name: str, replacement: Any) -> None:
    """Replace an attribute of moto's and keep the original, or add an attribute that moto lacks."""
    _originals.setdefault((owner, name), getattr(owner, name, _MISSING))
    setattr(owner, name, replacement)


@contextmanager
def as_shipped() -> Iterator[None]:
    """Restore moto as shipped, for tests that show why an override is needed."""
    replaced = {place: getattr(*place) for place in _originals}
    _put(_originals)
    try:
        yield
    finally:
        _put(replaced)


def _put(found: Mapping[tuple[object, str], Any]) -> None:
    for (owner, name), value in found.items():
        if value is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, value)
