"""Loads a model of the kind that its contract names."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from modelwharf.serving.served import ModelBroken, Served

CONTRACT_FILE = "contract.json"
SHOWN = 100  # characters of a file's text in a message

Find = Callable[[Path], Callable[[], Served]]
"""From a model's folder to the function that loads it. All imports for loading are done by then."""


def find_table(folder: Path) -> Callable[[], Served]:
    """Return the loader of a table model, the server's own kind."""
    from modelwharf.serving.table.loading import load_table

    return partial(load_table, folder)


class Kinds:
    """The kinds of model that a server supports.

    A program passes its own kind: ``Kinds({"forecast": find_forecaster})``. ``unnamed`` is the kind
    for a contract that names none.
    """

    def __init__(self, own: Mapping[str, Find] | None = None, unnamed: str | None = None) -> None:
        self._finders: dict[str, Find] = {"table": find_table, **(own or {})}
        self._unnamed = unnamed

    def find(self, folder: Path) -> Callable[[], Served]:
        """Return the loader of the folder's model. Raises ModelBroken for a contract that names no
        kind.
        """
        return self._finders[self._kind(folder / CONTRACT_FILE)](folder)

    def load(self, folder: Path) -> Served:
        """Load a model that has passed its holdout or its own check.

        Raises ModelBroken with the file and the fault.
        """
        return self.find(folder)()

    def _kind(self, path: Path) -> str:
        try:
            document = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise ModelBroken(f"{path} is missing") from None
        except (OSError, ValueError, RecursionError) as error:
            raise ModelBroken(f"{path} is not JSON: {str(error)[:SHOWN]}") from None
        if not isinstance(document, dict):
            raise ModelBroken(f"{path} is not a JSON object")
        kind = document.get("kind", self._unnamed)
        if not isinstance(kind, str) or kind not in self._finders:
            raise ModelBroken(
                f"{path}: kind is {str(kind)[:SHOWN]!r}; it must be {' or '.join(self._finders)}"
            )
        return kind


TABLE = Kinds()
"""Only the server's own kind."""
