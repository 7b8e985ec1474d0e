"""A model on its way into memory."""

import signal
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread

from inference.served import Served


class Loading:
    """Loads a model in a thread, from now on.

    ``load`` spends most of its time without the interpreter's lock, so that the server can be
    imported and can answer pings meanwhile.

    Signals are the other threads' to heed: neither this one nor those that libraries start in it,
    as onnxruntime does when it is imported, take one. A signal that such a thread took while the
    parent of workers was about to wait for it was never seen.
    """

    def __init__(self, load: Callable[[], Served]) -> None:
        self._loaded: Future[Served] = Future()
        self._thread = Thread(target=self._work, args=(load,), name="load", daemon=True)
        self._thread.start()

    def _work(self, load: Callable[[], Served]) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._loaded.set_result(load())
        except BaseException as error:
            self._loaded.set_exception(error)

    def then(self, told: Callable[[], None]) -> None:
        """Call ``told``, from any thread, once the model is there or cannot be loaded."""
        self._loaded.add_done_callback(lambda _: told())

    def result(self) -> Served:
        """The model, once it is there and the thread has ended. Raises what ``load`` raised."""
        self._thread.join()
        return self._loaded.result()
