"""The model itself, for what no graph can hold: a skops file, or a pickle where it is asked for."""

import io
import pickle
from typing import Any, Literal

from export.errors import CannotExport

KINDS = ("skops", "pickle")


def dump(model: Any, kind: Literal["skops", "pickle"], trusted: tuple[str, ...]) -> bytes:
    """Raises CannotExport when skops' file would hold a type that nobody named."""
    if kind == "pickle":
        return pickle.dumps(model)
    import skops.io

    content: bytes = skops.io.dumps(model)
    unnamed = sorted({*skops.io.get_untrusted_types(data=content)} - {*trusted})
    if unnamed:
        raise CannotExport(
            f"the skops file would hold types that skops does not know as harmless: "
            f"{', '.join(unnamed)}. If you trust their code, name them: export.write(..., "
            f"trusted={unnamed!r}); the server loads no other"
        )
    return content


def load(content: bytes, kind: Literal["skops", "pickle"], trusted: tuple[str, ...]) -> Any:
    """What the server will load."""
    if kind == "pickle":
        return pickle.load(io.BytesIO(content))  # noqa: S301 - written by us a moment ago
    import skops.io

    return skops.io.loads(content, trusted=list(trusted))
