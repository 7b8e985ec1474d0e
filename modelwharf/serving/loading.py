"""Loading a model in a thread."""

from collections.abc import Callable
from threading import Event

from modelwharf.serving.background_task import BackgroundTask
from modelwharf.serving.served import Served


class Loading(BackgroundTask[Served]):
    """Loads a model in a thread, from now on.

    ``find`` makes the first imports and returns the function that loads the model.
    """

    def __init__(self, find: Callable[[], Callable[[], Served]]) -> None:
        self._find = find
        self._found = Event()
        super().__init__(self._load)

    def found(self, patience: float = 0) -> bool:
        """Whether the model's loader is known; waits up to ``patience`` seconds for it.

        Until then, other imports compete for the GIL. onnxruntime loads a large model without the
        GIL.
        """
        return self._found.wait(patience)

    def _load(self) -> Served:
        try:
            load = self._find()
        finally:
            self._found.set()
        return load()
