"""A model on its way into memory."""

import signal
from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread

from inference.served import Served

PATIENCE = 0.5  # seconds that pings wait for imports; a folder on a network may take longer


class Loading:
    """Loads a model in a thread, from now on.

    ``find`` returns what loads it, and imports what that needs. Nothing else goes on meanwhile:
    two threads that import only take the interpreter's lock from each other. To load a large model
    is onnxruntime's work, without the lock; this returns when it begins, so that the server is
    imported and answers pings meanwhile.

    Signals are the other threads' to heed: neither this one nor those that libraries start in it,
    as onnxruntime does when it is imported, take one. A signal that such a thread took while the
    parent of workers was about to wait for it was never seen.
    """

    def __init__(self, find: Callable[[], Callable[[], Served]]) -> None:
        self._loaded: Future[Served] = Future()
        self._found = Event()
        self._thread = Thread(target=self._work, args=(find,), name="load", daemon=True)
        self._thread.start()
        self._found.wait(PATIENCE)

    def _work(self, find: Callable[[], Callable[[], Served]]) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            load = find()
            self._found.set()
            self._loaded.set_result(load())
        except BaseException as error:
            self._loaded.set_exception(error)
            self._found.set()

    def then(self, told: Callable[[], None]) -> None:
        """Call ``told``, from any thread, once the model is there or cannot be loaded."""
        self._loaded.add_done_callback(lambda _: told())

    def result(self) -> Served:
        """The model, once it is there and the thread has ended. Raises what was raised instead."""
        self._thread.join()
        return self._loaded.result()
