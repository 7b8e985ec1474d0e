"""A pool of threads for work that would block the event loop, with a limit on what waits."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Generic, TypeVar

from modelwharf.serving.allocator import release_memory
from modelwharf.serving.limits import KEPT_BYTES, RETRY_SECONDS, THREADS, WAITING, WAITING_BYTES
from modelwharf.serving.refusal import Refusal

UNAVAILABLE = 503

Result = TypeVar("Result")


def busy(reason: str) -> Refusal:
    """Return a 503 refusal with a Retry-After header."""
    again = ((b"retry-after", str(RETRY_SECONDS).encode()),)
    return Refusal(reason, status=UNAVAILABLE, headers=again)


class Reservation:
    """A request's share of the limits: one request, and the bytes of its body."""

    def __init__(self, pool: "ThreadPool") -> None:
        self._pool = pool
        self._held = 0

    def hold(self, size: int) -> None:
        """Reserve ``size`` more bytes. Raises Refusal with 503 when they are not available."""
        self._pool.take(size)
        self._held += size

    def release(self) -> None:
        self._pool.release(self._held)
        self._held = 0


class ThreadPool:
    """A few threads, which start with the first task. All calls come from one event loop.

    They do not delay the end of the process, as the threads of asyncio's own pool do.
    """

    def __init__(
        self,
        *,
        threads: int = THREADS,
        most: int = WAITING,
        most_bytes: int = WAITING_BYTES,
        release_memory: Callable[[], object] = release_memory,
    ) -> None:
        self._threads = threads
        self._most = most
        self._most_bytes = most_bytes
        self._release_memory = release_memory
        self._count = 0
        self._bytes = 0
        self._left = 0  # bytes of bodies since memory was last returned
        self._tasks: SimpleQueue[_Task[object]] = SimpleQueue()
        self._begun = False

    @contextmanager
    def reserve(self) -> Iterator[Reservation]:
        """Yield a reservation until the block ends. Raises Refusal with 503 when none is left."""
        if self._count >= self._most:
            raise busy(f"{self._count} requests wait already; come again")
        self._count += 1
        reservation = Reservation(self)
        try:
            yield reservation
        finally:
            self._count -= 1
            reservation.release()

    def take(self, size: int) -> None:
        """Reserve ``size`` bytes. Raises Refusal with 503."""
        if self._bytes + size > self._most_bytes:
            raise busy(f"{self._bytes} bytes of requests wait already; come again")
        self._bytes += size

    def release(self, size: int) -> None:
        self._bytes -= size
        self._left += size

    def tidy(self) -> None:
        """Return the memory of large bodies to the kernel when no request is active.

        The C library would keep it. Call it regularly.
        """
        if self._count or self._left < KEPT_BYTES:
            return
        self._left = 0
        self._put(_Task(self._release_memory))

    async def do(self, work: Callable[[], Result]) -> Result:
        """Return the work's result or raise its error. Work cancelled before its start never
        runs.
        """
        task = _Task(work)
        self._put(task)
        return await task.result()

    def _put(self, task: "_Task[Result]") -> None:
        if not self._begun:
            self._begun = True
            for number in range(self._threads):
                threading.Thread(target=self._run, name=f"pool-{number}", daemon=True).start()
        self._tasks.put(task)  # type: ignore[arg-type] # each task has its own result type

    def _run(self) -> None:
        while True:
            # No name holds a task while the thread waits: it may be the last reference to a model.
            self._tasks.get().run()


class _Task(Generic[Result]):
    def __init__(self, work: Callable[[], Result]) -> None:
        self._work: Callable[[], Result] | None = work
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Result] | None = self._loop.create_future()

    async def result(self) -> Result:
        future = self._future
        assert future is not None  # noqa: S101 - the result is requested once
        try:
            return await future
        finally:
            self._work = None
            # An exception holds its frames, and the frames hold this task. A task that holds the
            # exception closes a cycle, which keeps a body of 25 MB until the garbage collector
            # runs. After gc.freeze it rarely does.
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
