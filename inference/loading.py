"""A model on its way into memory."""

from collections.abc import Callable
from threading import Event

from inference.beside import Beside
from inference.served import Served


class Loading(Beside[Served]):
    """Loads a model in a thread, from now on.

    ``find`` returns what loads it, and imports what that begins with.
    """

    def __init__(self, find: Callable[[], Callable[[], Served]]) -> None:
        self._find = find
        self._found = Event()
        super().__init__(self._load)

    def found(self, patience: float = 0) -> bool:
        """Whether it is known what loads the model; waits so many seconds for it.

        Until then, whoever else imports something takes the interpreter's lock from what everybody
        waits for. To load a large model is onnxruntime's work, without the lock.
        """
        return self._found.wait(patience)

    def _load(self) -> Served:
        try:
            load = self._find()
        finally:
            self._found.set()
        return load()
