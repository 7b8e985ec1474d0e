"""A model on its way into memory."""

from collections.abc import Callable
from threading import Event

from inference.beside import Beside
from inference.served import Served

PATIENCE = 0.5  # seconds that pings wait for imports; a folder on a network may take longer


class Loading(Beside[Served]):
    """Loads a model in a thread, from now on.

    ``find`` returns what loads it, and imports what that begins with. Nothing else goes on
    meanwhile: two threads that import only take the interpreter's lock from each other. To load a
    large model is onnxruntime's work, without the lock; this returns when it begins, so that the
    server is imported and answers pings meanwhile.
    """

    def __init__(self, find: Callable[[], Callable[[], Served]]) -> None:
        self._find = find
        self._found = Event()
        super().__init__(self._load)
        self._found.wait(PATIENCE)

    def _load(self) -> Served:
        try:
            load = self._find()
        finally:
            self._found.set()
        return load()
