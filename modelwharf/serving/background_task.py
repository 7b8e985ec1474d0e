"""A task that runs in its own thread."""

import signal
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Generic, TypeVar

Done = TypeVar("Done")


class BackgroundTask(Generic[Done]):
    """Runs a start-up task in a thread, from now on.

    The thread blocks all signals, and so do the threads that libraries start in it, as onnxruntime
    does when it is imported. A signal that such a thread took just before the parent of the workers
    waited for it was lost.
    """

    def __init__(self, work: Callable[[], Done]) -> None:
        self._done: Future[Done] = Future()
        self._thread = Thread(target=self._run, args=(work,), name="background", daemon=True)
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
        """Wait for the thread to end and return its result. Raises what the task raised."""
        self._thread.join()
        return self._done.result()
