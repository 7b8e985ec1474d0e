"""A program in a container: its output line by line, its exit code, and the files it wrote."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from modelwharf.engines.container.archives import remove, unpack
from modelwharf.engines.container.connection import (
    BROKEN,
    SILENT,
    Connection,
    already_gone,
    ended_meanwhile,
    inspect_again,
    refusal,
)
from modelwharf.engines.container.created_container import OPT_ML, CreatedContainer
from modelwharf.engines.container.output import OutputLines, close_output
from modelwharf.engines.engine import EngineLost, LogSink
from modelwharf.engines.listening import listeners, misplaced
from modelwharf.engines.memory_kills import killed_meanwhile, memory_kills
from modelwharf.engines.reaper import kill_marked

INPUT = "input"
LOOK = 5.0  # seconds between two inspections of a container that has not ended
HUNG = 60.0  # seconds without an answer after which the engine counts as lost
END_OF_LOG = 10.0  # seconds
KILLED = 137  # 128 + SIGKILL


class ContainerProgram:
    """Implements modelwharf.engines.engine.Program. ``output`` was attached before the start.

    ``port`` is the port it should serve on, inside the container. ``tree`` receives the files that
    the program wrote; with None they are not fetched. ``ended`` is called at the end. ``kills``
    counts the kernel's out-of-memory kills, if containers run on this machine.
    """

    def __init__(
        self,
        connection: Connection,
        created: CreatedContainer,
        output: Iterator[tuple[bytes | None, bytes | None]],
        log: LogSink,
        *,
        address: tuple[str, int] | None,
        port: int,
        tree: Path | None,
        memory_mib: int | None,
        ended: Callable[["ContainerProgram"], None],
        kills: Callable[[], int | None] = memory_kills,
    ) -> None:
        self.address = address
        self.created = created
        self._port = port
        self._connection = connection
        self._log = log
        self._tree = tree
        self._memory = memory_mib
        self._kills = kills if connection.machine.local else lambda: None
        self._kills_before = self._kills()
        self._on_end = ended
        self._stopped = False
        self._left = False
        self._code: int | None = None
        self._killed_for: str | None = None
        self._ran: float | None = None
        self._left_out: list[str] = []
        self._failure: Exception | None = None
        self._end = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(output,), daemon=True)
        self._reader.start()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def lost(self) -> bool:
        """Whether the engine may still have its container: it was lost, or could not remove it."""
        return self._left

    @property
    def killed_for(self) -> str | None:
        return self._killed_for

    @property
    def ran(self) -> float | None:
        return self._ran

    @property
    def left_out(self) -> tuple[str, ...]:
        return tuple(self._left_out)

    @property
    def unreachable(self) -> str:
        if self.address is None or not self._connection.machine.local:
            return ""
        return misplaced(listeners(self.created.mark), self._port)

    def poll(self) -> int | None:
        if not self._end.is_set():
            return None
        if self._failure is not None:
            raise self._failure
        return self._code

    def wait(self, timeout: float | None = None) -> int | None:
        self._end.wait(timeout)
        return self.poll()

    def stop(self, grace: float) -> int:
        self._stopped = True
        with self._connection.speaking("stop the container"), already_gone():
            if not self._end.is_set():
                self.created.container.stop(timeout=math.ceil(grace))
        self._end.wait()
        code = self.poll()
        assert code is not None  # noqa: S101 - it has ended
        return code

    def _read(self, output: Iterator[tuple[bytes | None, bytes | None]]) -> None:
        """Read two streams in the order in which they were written, and split each into lines."""
        lines = (OutputLines(self._log), OutputLines(self._log))
        with suppress(*BROKEN, OSError):  # the watch thread reports a lost engine
            for pieces in output:
                for sink, piece in zip(lines, pieces, strict=True):
                    sink.take(piece or b"")
        for sink in lines:
            sink.flush()
        close_output(output)

    def _watch(self) -> None:
        try:
            state = self._ended_state()
            self._ran = _seconds(state)
            self._reader.join(END_OF_LOG)
            self._fetch()
            self._code = int(state["ExitCode"])
            self._killed_for = self._reason(state)
        except APIError as error:
            self._failure = refusal("look at the container", error)
        except Exception as error:
            self._failure = error
        finally:
            if self._failure is not None:
                kill_marked(self.created.mark)  # the engine will not kill it
            self._left = not self._removed()
            self._on_end(self)
            self._end.set()

    def _ended_state(self) -> Mapping[str, Any]:
        """Return the container's state once it has ended. Raises EngineLost."""
        silent_since: float | None = None
        while True:
            try:
                self.created.container.wait(timeout=LOOK)
            except (*SILENT, *BROKEN):
                pass  # it still runs, or the engine is gone: the inspection tells
            except NotFound:
                raise self._gone() from None
            except APIError as error:
                if not ended_meanwhile(error):
                    raise
            state = self._state()
            if not state["Running"]:
                return state
            # On a busy machine the output of a container ends before its state changes.
            if not self._reader.is_alive():
                silent_since = silent_since or time.monotonic()
                if time.monotonic() - silent_since > HUNG:
                    raise self._connection.lost("it broke off the output of a running container")

    def _state(self) -> Mapping[str, Any]:
        """Inspect it. An engine that refuses is lost; one that is silent gets some time."""
        deadline = time.monotonic() + HUNG
        probe = self._connection.probe.api
        while True:
            try:
                found = inspect_again(lambda: probe.inspect_container(self.created.id))
            except NotFound:
                raise self._gone() from None
            except SILENT as error:
                if time.monotonic() > deadline:
                    raise self._connection.lost(error) from None
            except BROKEN as error:
                raise self._connection.lost(error) from None
            else:
                state: Mapping[str, Any] = found["State"]
                return state

    def _removed(self) -> bool:
        """Remove the container; return whether that succeeded.

        A hung engine is not asked. The sweep removes what is left once the engine answers again.
        """
        if isinstance(self._failure, EngineLost):
            return False
        with suppress(Exception):
            self.created.remove()
            return True
        return False

    def _gone(self) -> EngineLost:
        return EngineLost(f"container {self.created.container.name} was removed while it ran")

    def _reason(self, state: Mapping[str, Any]) -> str | None:
        """Return why the engine ended it.

        Podman does not report a lack of memory: the signal and the kernel's count tell it.
        """
        if self._stopped or not state["ExitCode"]:
            return None
        limit = f"limit {self._memory} MiB" if self._memory else "no limit but the machine's"
        if state.get("OOMKilled"):
            return f"out of memory ({limit})"
        if state["ExitCode"] == KILLED and killed_meanwhile(self._kills_before, self._kills()):
            return f"out of memory, it seems: killed by SIGKILL ({limit})"
        return None

    def _fetch(self) -> None:
        """Fetch each folder of the tree from the container, except its input."""
        if self._tree is None:
            return
        for folder in sorted(self._tree.iterdir()):
            if folder.name == INPUT or not folder.is_dir():
                continue
            try:
                self._fetch_folder(folder.name, folder)
                for volume in self.created.volumes:
                    if volume.startswith(f"{folder.name}/"):
                        self._fetch_folder(volume, self._tree / volume)
            except FileNotFoundError:
                remove(folder)  # the program removed it as well
                folder.mkdir()

    def _fetch_folder(self, name: str, folder: Path) -> None:
        """Fetch one folder. Raises FileNotFoundError if the program removed it."""
        with self._connection.speaking(f"fetch {OPT_ML}/{name}"):
            chunks, _ = self._archive(name)
            self._left_out += unpack(chunks, folder, self._log)

    def _archive(self, name: str) -> tuple[Iterator[bytes], Any]:
        try:
            found: tuple[Iterator[bytes], Any] = self.created.container.get_archive(
                f"{OPT_ML}/{name}", chunk_size=1024 * 1024
            )
        except NotFound:
            raise FileNotFoundError(name) from None
        return found


def _seconds(state: Mapping[str, Any]) -> float | None:
    """Return the run time by the engine's clock; an engine writes the year 1 for a missing time."""
    try:
        started, finished = (
            datetime.fromisoformat(state[name]) for name in ("StartedAt", "FinishedAt")
        )
    except (KeyError, ValueError):
        return None
    return (finished - started).total_seconds() if finished >= started else None
