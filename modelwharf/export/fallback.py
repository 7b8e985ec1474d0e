"""The model itself, where no graph can hold it: a skops file, or a pickle on request."""

import io
import pickle
from collections.abc import Callable
from typing import Any, Literal

from modelwharf.export.errors import CannotExport

KINDS = ("skops", "pickle")


def dump(model: Any, kind: Literal["skops", "pickle"], trusted: tuple[str, ...]) -> bytes:
    """Dump the model. Raises CannotExport for a model that such a file cannot hold and, with skops,
    for a type that is not in ``trusted``.
    """
    if kind == "pickle":
        return _dumped(pickle.dumps, model, kind)
    try:
        import skops.io
    except ModuleNotFoundError:
        raise CannotExport(
            'fallback="skops" needs skops, which is not installed: pip install skops'
        ) from None
    content = _dumped(skops.io.dumps, model, kind)
    unnamed = sorted({*skops.io.get_untrusted_types(data=content)} - {*trusted})
    if unnamed:
        raise CannotExport(
            f"the skops file would hold types that skops does not know as harmless: "
            f"{', '.join(unnamed)}. If you trust their code, name them: export.write(..., "
            f"trusted={unnamed!r}); the server loads no other"
        )
    return content


def _dumped(dumps: Callable[[Any], bytes], model: Any, kind: str) -> bytes:
    try:
        return dumps(model)
    except Exception as error:  # the model's own parts may raise anything
        reason = " ".join(str(error).split())[:300]
        raise CannotExport(f"{type(model).__name__} does not go into a {kind}: {reason}") from error


def load(content: bytes, kind: Literal["skops", "pickle"], trusted: tuple[str, ...]) -> Any:
    """Load the model as the server will."""
    if kind == "pickle":
        return pickle.load(io.BytesIO(content))  # noqa: S301 - written by us a moment ago
    import skops.io

    return skops.io.loads(content, trusted=list(trusted))
