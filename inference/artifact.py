"""Loading whatever model a folder holds, by the kind that its contract names."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from inference.served import ModelBroken, Served

CONTRACT_FILE = "contract.json"
KINDS = ("table", "forecast")
SHOWN = 100  # characters of a client's file in a message


def load(folder: Path) -> Served:
    """A model that has answered its own holdout, or its own check, as it should.

    Raises ModelBroken, with the file and what is wrong with it.
    """
    return loader(folder)()


def loader(folder: Path) -> Callable[[], Served]:
    """What loads the model, and raises ModelBroken; all that it needs has been imported.

    Raises ModelBroken for a contract that names no kind.
    """
    match _kind(folder / CONTRACT_FILE):
        case "table":
            from inference.table.loading import load_table

            return partial(load_table, folder)
        case _:
            from inference.forecast.forecaster import Forecaster

            return partial(Forecaster.load, folder)


def _kind(path: Path) -> str:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ModelBroken(f"{path} is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelBroken(f"{path} is not JSON: {str(error)[:SHOWN]}") from None
    if not isinstance(document, dict):
        raise ModelBroken(f"{path} is not a JSON object")
    # Forecasts were the only kind when contracts named none.
    kind = document.get("kind", "forecast")
    if kind not in KINDS:
        raise ModelBroken(f"{path}: kind is {str(kind)[:SHOWN]!r}; it must be {' or '.join(KINDS)}")
    return str(kind)
