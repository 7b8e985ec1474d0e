"""The models in memory by name: loaded, used and unloaded within the memory limit."""

import asyncio
import bisect
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from modelwharf.serving.allocator import release_memory
from modelwharf.serving.memory import MIB, Memory
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.served import ModelBroken

NOT_FOUND = 404
CONFLICT = 409
INSUFFICIENT_STORAGE = 507

LOG = logging.getLogger("inference")

Model = TypeVar("Model")
Result = TypeVar("Result")


@dataclass
class LoadedModel(Generic[Model]):
    """A model in memory under SageMaker's name for it. ``url``: its folder, as given."""

    name: str
    url: str
    model: Model
    running: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.idle.set()


class LoadedModels(Generic[Model]):
    """Holds the loaded models. All calls come from one event loop.

    ``load`` reads a folder (raises ModelBroken). ``needs`` estimates the peak memory of that in
    bytes. Both are called in a thread. Changes of one name run one after another, and so do all
    loads: the peak of a load is several times what stays, and two simultaneous peaks were never
    measured.
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
        self._loaded: dict[str, LoadedModel[Model]] = {}
        self._changing: dict[str, asyncio.Event] = {}
        self._one_load = asyncio.Lock()

    def get(self, name: str) -> LoadedModel[Model]:
        """Return a loaded model. Raises Refusal with 404."""
        loaded = self._loaded.get(name)
        if loaded is None:
            raise Refusal(f"model {name!r} is not loaded", status=NOT_FOUND)
        return loaded

    def page(self, after: str, size: int) -> tuple[list[LoadedModel[Model]], bool]:
        """Return the next ``size`` models after a name, sorted by name, and whether more follow."""
        names = sorted(self._loaded)
        start = bisect.bisect_right(names, after)
        chosen = names[start : start + size]
        return [self._loaded[name] for name in chosen], start + size < len(names)

    @contextmanager
    def asked(self, name: str) -> Iterator[LoadedModel[Model]]:
        """Yield a model that stays loaded until the block ends. Raises Refusal with 404."""
        loaded = self.get(name)
        loaded.running += 1
        loaded.idle.clear()
        try:
            yield loaded
        finally:
            loaded.running -= 1
            if not loaded.running:
                loaded.idle.set()

    async def load(self, name: str, url: str) -> LoadedModel[Model]:
        """Load a model under a name.

        Raises Refusal: 409 when the name is taken, 404 when there is no such folder, 400 when it
        holds no valid model, 507 when the memory does not suffice.
        """
        async with self._change(name):
            if name in self._loaded:
                raise Refusal(f"model {name!r} is already loaded", status=CONFLICT)
            async with self._one_load:
                model = await _in_thread(lambda: self._read(Path(url)))
            loaded = self._loaded[name] = LoadedModel(name, url, model)
        return loaded

    async def unload(self, name: str) -> LoadedModel[Model]:
        """Unload a model: wait for its running requests, then free its memory.

        New requests no longer find it. Raises Refusal with 404.
        """
        async with self._change(name):
            loaded = self.get(name)
            del self._loaded[name]
            await loaded.idle.wait()
            await _in_thread(lambda: _drop(loaded))
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
            release_memory()

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
    except OSError:  # the name is too long for a file
        return False


def _drop(loaded: LoadedModel[Model]) -> None:
    del loaded.model
    release_memory()


async def _in_thread(work: Callable[[], Result]) -> Result:
    """Run the work in a daemon thread: a thread of asyncio's pool would delay the end of the
    process.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        # No local name holds the result: this thread may outlive a model that is unloaded.
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
