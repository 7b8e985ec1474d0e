"""Work in a thread of its own."""

import signal
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Generic, TypeVar

Done = TypeVar("Done")


class Beside(Generic[Done]):
    """Does some work of the start beside whoever asks for it, from now on.

    Signals are the other threads' to heed: neither this one nor those that libraries start in it,
    as onnxruntime does when it is imported, take one. A signal that such a thread took while the
    parent of workers was about to wait for it was never seen.
    """

    def __init__(self, work: Callable[[], Done]) -> None:
        self._done: Future[Done] = Future()
        self._thread = Thread(target=self._run, args=(work,), name="beside", daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], Done]) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            self._done.set_result(work())
        except BaseException as error:
            self._done.set_exception(error)

    def then(self, told: Callable[[], None]) -> None:
        """Call ``told``, from any thread, once the work is done or has failed."""
        self._done.add_done_callback(lambda _: told())

    def result(self) -> Done:
        """What came of it, once its thread has ended. Raises what was raised instead."""
        self._thread.join()
        return self._done.result()
