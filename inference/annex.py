"""Threads beside the event loop, for what would hold it up, and how much may wait for them."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Generic, TypeVar

from inference.heap import give_back
from inference.limits import KEPT_BYTES, RETRY_SECONDS, THREADS, WAITING, WAITING_BYTES
from inference.refusal import Refusal

UNAVAILABLE = 503

Result = TypeVar("Result")


def busy(reason: str) -> Refusal:
    """503, and when to come again."""
    again = ((b"retry-after", str(RETRY_SECONDS).encode()),)
    return Refusal(reason, status=UNAVAILABLE, headers=again)


class Place:
    """A request's place among those that wait, with the bytes of its body."""

    def __init__(self, annex: "Annex") -> None:
        self._annex = annex
        self._held = 0

    def hold(self, size: int) -> None:
        """Take ``size`` bytes more. Raises Refusal with 503 when they are not left."""
        self._annex.take(size)
        self._held += size

    def leave(self) -> None:
        self._annex.leave(self._held)
        self._held = 0


class Annex:
    """A few threads. All calls come from one event loop; the threads begin with the first.

    They do not hold up the end of the process, as those of asyncio's own pool would.
    """

    def __init__(
        self,
        *,
        threads: int = THREADS,
        most: int = WAITING,
        most_bytes: int = WAITING_BYTES,
        give_back: Callable[[], object] = give_back,
    ) -> None:
        self._threads = threads
        self._most = most
        self._most_bytes = most_bytes
        self._give_back = give_back
        self._count = 0
        self._bytes = 0
        self._left = 0  # bytes of bodies since memory was given back
        self._tasks: SimpleQueue[_Task[object]] = SimpleQueue()
        self._begun = False

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place until the block ends. Raises Refusal with 503 when there is none."""
        if self._count >= self._most:
            raise busy(f"{self._count} requests wait already; come again")
        self._count += 1
        place = Place(self)
        try:
            yield place
        finally:
            self._count -= 1
            place.leave()

    def take(self, size: int) -> None:
        """Raises Refusal with 503."""
        if self._bytes + size > self._most_bytes:
            raise busy(f"{self._bytes} bytes of requests wait already; come again")
        self._bytes += size

    def leave(self, size: int) -> None:
        self._bytes -= size
        self._left += size

    def tidy(self) -> None:
        """Give the memory of large bodies back to the kernel once nobody is here; the C library
        would keep it. To be called now and then.
        """
        if self._count or self._left < KEPT_BYTES:
            return
        self._left = 0
        self._put(_Task(self._give_back))

    async def do(self, work: Callable[[], Result]) -> Result:
        """The work's result, or its error. Cancelled before its turn, it is not begun."""
        task = _Task(work)
        self._put(task)
        return await task.result()

    def _put(self, task: "_Task[Result]") -> None:
        if not self._begun:
            self._begun = True
            for number in range(self._threads):
                threading.Thread(target=self._run, name=f"annex-{number}", daemon=True).start()
        self._tasks.put(task)  # type: ignore[arg-type] # each gets its own result back

    def _run(self) -> None:
        while True:
            # No name holds a task while the thread waits: it may be the last to hold a model.
            self._tasks.get().run()


class _Task(Generic[Result]):
    def __init__(self, work: Callable[[], Result]) -> None:
        self._work: Callable[[], Result] | None = work
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Result] | None = self._loop.create_future()

    async def result(self) -> Result:
        future = self._future
        assert future is not None  # noqa: S101 - it is asked for once
        try:
            return await future
        finally:
            self._work = None
            # An error holds the frames that it came through, and they this task: with the error
            # in it that is a ring, which keeps a body of 25 MB until the collector looks. After
            # gc.freeze it hardly ever does.
            del future
            self._future = None

    def run(self) -> None:
        work = self._work
        if work is None:
            return
        try:
            result = work()
        except BaseException as error:
            del work
            self._tell(self._fail, error)
        else:
            del work
            self._tell(self._succeed, result)

    def _tell(self, told: Callable[..., None], outcome: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: the server has ended
            self._loop.call_soon_threadsafe(told, outcome)

    def _succeed(self, result: Result) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(result)

    def _fail(self, error: BaseException) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_exception(error)
