"""The models in memory, by name: put there, asked, taken away, never more than fit."""

import asyncio
import bisect
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from inference.heap import give_back
from inference.memory import MIB, Memory
from inference.refusal import Refusal
from inference.served import ModelBroken

NOT_FOUND = 404
CONFLICT = 409
INSUFFICIENT_STORAGE = 507

LOG = logging.getLogger("inference")

Model = TypeVar("Model")
Result = TypeVar("Result")


@dataclass
class Loaded(Generic[Model]):
    """A model in memory under SageMaker's name for it. ``url``: its folder, as it was given."""

    name: str
    url: str
    model: Model
    running: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.idle.set()


class Shelf(Generic[Model]):
    """Holds the loaded models. All calls come from one event loop.

    ``load`` reads a folder (raises ModelBroken) and ``needs`` tells before how many bytes
    that takes at the most; both are called in a thread. Changes of one name happen one after
    another, and so do all loads: the peak of a load is several times what stays of it, and two
    peaks at once were never measured.
    """

    def __init__(
        self,
        *,
        load: Callable[[Path], Model],
        needs: Callable[[Path], int],
        memory: Memory,
    ) -> None:
        self._load = load
        self._needs = needs
        self._memory = memory
        self._loaded: dict[str, Loaded[Model]] = {}
        self._changing: dict[str, asyncio.Event] = {}
        self._one_load = asyncio.Lock()

    def get(self, name: str) -> Loaded[Model]:
        """A model that is ready. Raises Refusal with 404."""
        loaded = self._loaded.get(name)
        if loaded is None:
            raise Refusal(f"model {name!r} is not loaded", status=NOT_FOUND)
        return loaded

    def page(self, after: str, size: int) -> tuple[list[Loaded[Model]], bool]:
        """The next ``size`` models after a name, in the order of names; whether more follow."""
        names = sorted(self._loaded)
        start = bisect.bisect_right(names, after)
        chosen = names[start : start + size]
        return [self._loaded[name] for name in chosen], start + size < len(names)

    @contextmanager
    def asked(self, name: str) -> Iterator[Loaded[Model]]:
        """A model that stays until the block ends. Raises Refusal with 404."""
        loaded = self.get(name)
        loaded.running += 1
        loaded.idle.clear()
        try:
            yield loaded
        finally:
            loaded.running -= 1
            if not loaded.running:
                loaded.idle.set()

    async def load(self, name: str, url: str) -> Loaded[Model]:
        """Put a model on the shelf.

        Raises Refusal: 409 when the name is taken, 404 when there is no such folder, 400 when
        it holds no model, 507 when memory does not suffice.
        """
        async with self._change(name):
            if name in self._loaded:
                raise Refusal(f"model {name!r} is already loaded", status=CONFLICT)
            async with self._one_load:
                model = await _beside(lambda: self._read(Path(url)))
            loaded = self._loaded[name] = Loaded(name, url, model)
        return loaded

    async def unload(self, name: str) -> Loaded[Model]:
        """Take a model away, once its running requests are answered; then its memory is free.

        New requests do not find it any more. Raises Refusal with 404.
        """
        async with self._change(name):
            loaded = self.get(name)
            del self._loaded[name]
            await loaded.idle.wait()
            await _beside(lambda: _drop(loaded))
        return loaded

    @asynccontextmanager
    async def _change(self, name: str) -> AsyncIterator[None]:
        while change := self._changing.get(name):
            await change.wait()
        done = self._changing[name] = asyncio.Event()
        try:
            yield
        finally:
            del self._changing[name]
            done.set()

    def _read(self, folder: Path) -> Model:
        if not _is_folder(folder):
            raise Refusal(f"there is no folder {folder}", status=NOT_FOUND)
        try:
            self._check_fits(folder)
            return self._load(folder)
        except Refusal:
            raise
        except ModelBroken as error:
            raise Refusal(f"{folder} holds no model that can be served: {error}") from None
        except MemoryError:
            raise Refusal(
                f"memory ran out while {folder} was loaded; {self._left()}",
                status=INSUFFICIENT_STORAGE,
            ) from None
        except Exception as error:
            LOG.exception("loading %s failed", folder)
            raise Refusal(f"{folder} cannot be loaded: {type(error).__name__}: {error}") from None
        finally:
            give_back()

    def _check_fits(self, folder: Path) -> None:
        needed, free = self._needs(folder), self._memory.free()
        if needed > free:
            raise Refusal(
                f"{folder} may take {needed / MIB:.0f} MiB while it loads; {self._left()}",
                status=INSUFFICIENT_STORAGE,
            )

    def _left(self) -> str:
        limit = f"{self._memory.limit // MIB} MiB, {self._memory.description}"
        return f"{self._memory.free() / MIB:.0f} MiB are free of {limit}"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long for any file
        return False


def _drop(loaded: Loaded[Model]) -> None:
    del loaded.model
    give_back()


async def _beside(work: Callable[[], Result]) -> Result:
    """Do the work in a thread that does not hold up the end of the process, as a thread of
    asyncio's pool would.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        # No name here holds a result: this thread may outlive a model that goes at once.
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        with suppress(RuntimeError):  # the loop is closed: the server has ended
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, name="models", daemon=True).start()
    await done.wait()
    if errors:
        raise errors.pop()
    return results.pop()
