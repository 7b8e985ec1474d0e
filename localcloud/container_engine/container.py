"""A program in a container: its output line by line, its end, and what it wrote."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.models.networks import Network

from localcloud.container_engine.archives import remove, unpack
from localcloud.container_engine.connection import (
    BROKEN,
    SILENT,
    Connection,
    ended_meanwhile,
    look,
    refusal,
)
from localcloud.engine import EngineLost, LogSink
from localcloud.memory_kills import killed_meanwhile, memory_kills
from localcloud.reaper import kill_marked

OPT_ML = "/opt/ml"
INPUT = "input"
LOOK = 5.0  # seconds after which a container that has not ended is looked at
HUNG = 60.0  # seconds without an answer after which the engine counts as lost
END_OF_LOG = 10.0  # seconds
LONGEST_LINE = 256 * 1024  # bytes (one event of CloudWatch Logs)
KILLED = 137  # 128 + SIGKILL


@dataclass(frozen=True)
class Made:
    """What the engine made for one run, to be removed after it."""

    container: Container
    network: Network | None
    mark: str

    @property
    def id(self) -> str:
        return str(self.container.id)

    def remove(self) -> None:
        """Raises what the SDK raises."""
        with suppress(NotFound):
            self.container.remove(v=True, force=True)
        if self.network is not None:
            with suppress(NotFound):
                self.network.remove()


class ContainerProgram:
    """Implements localcloud.engine.Program. ``output`` was attached before the start.

    ``tree`` gets what the program wrote; None: nobody wants it. ``ended`` is told at the end.
    ``kills`` counts what the kernel killed for want of memory, where containers run here.
    """

    def __init__(
        self,
        connection: Connection,
        made: Made,
        output: Iterator[tuple[bytes | None, bytes | None]],
        log: LogSink,
        *,
        address: tuple[str, int] | None,
        tree: Path | None,
        memory_mib: int | None,
        ended: Callable[["ContainerProgram"], None],
        kills: Callable[[], int | None] = memory_kills,
    ) -> None:
        self.address = address
        self.made = made
        self._connection = connection
        self._log = log
        self._tree = tree
        self._memory = memory_mib
        self._kills = kills if connection.machine.local else lambda: None
        self._kills_before = self._kills()
        self._told = ended
        self._stopped = False
        self._left = False
        self._code: int | None = None
        self._killed_for: str | None = None
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
    def left_out(self) -> tuple[str, ...]:
        return tuple(self._left_out)

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
        with self._connection.speaking("stop the container"), suppress(NotFound):
            if not self._end.is_set():
                self.made.container.stop(timeout=math.ceil(grace))
        self._end.wait()
        code = self.poll()
        assert code is not None  # noqa: S101 - it has ended
        return code

    def _read(self, output: Iterator[tuple[bytes | None, bytes | None]]) -> None:
        """Two streams in the order in which they were written, each with lines of its own."""
        lines = (_Lines(self._log), _Lines(self._log))
        with suppress(*BROKEN, OSError):  # whether the engine is lost is the watch's to say
            for pieces in output:
                for sink, piece in zip(lines, pieces, strict=True):
                    sink.take(piece or b"")
        for sink in lines:
            sink.flush()
        close_output(output)

    def _watch(self) -> None:
        try:
            state = self._ended_state()
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
                kill_marked(self.made.mark)  # no engine will do it
            self._left = not self._removed()
            self._told(self)
            self._end.set()

    def _ended_state(self) -> Mapping[str, Any]:
        """The container's state once it runs no more. Raises EngineLost."""
        silent_since: float | None = None
        while True:
            try:
                self.made.container.wait(timeout=LOOK)
            except (*SILENT, *BROKEN):
                pass  # it runs on, or the engine is gone: a look tells
            except NotFound:
                raise self._gone() from None
            except APIError as error:
                if not ended_meanwhile(error):
                    raise
            state = self._state()
            if not state["Running"]:
                return state
            # On a busy machine the output of a container that ends is over before its state is.
            if not self._reader.is_alive():
                silent_since = silent_since or time.monotonic()
                if time.monotonic() - silent_since > HUNG:
                    raise self._connection.lost("it broke off the output of a running container")

    def _state(self) -> Mapping[str, Any]:
        """How it is. An engine that refuses is lost; one that is silent gets some time."""
        deadline = time.monotonic() + HUNG
        probe = self._connection.probe.api
        while True:
            try:
                found = look(lambda: probe.inspect_container(self.made.id))
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
        """A hung engine is not asked. What is left is swept when the engine can again."""
        if isinstance(self._failure, EngineLost):
            return False
        with suppress(Exception):
            self.made.remove()
            return True
        return False

    def _gone(self) -> EngineLost:
        return EngineLost(f"container {self.made.container.name} was removed while it ran")

    def _reason(self, state: Mapping[str, Any]) -> str | None:
        """Podman does not say that memory was why: then signal and kernel have to."""
        if self._stopped or not state["ExitCode"]:
            return None
        limit = f"limit {self._memory} MiB" if self._memory else "no limit but the machine's"
        if state.get("OOMKilled"):
            return f"out of memory ({limit})"
        if state["ExitCode"] == KILLED and killed_meanwhile(self._kills_before, self._kills()):
            return f"out of memory, it seems: killed by SIGKILL ({limit})"
        return None

    def _fetch(self) -> None:
        """Bring back each folder that the tree had, its input left out."""
        if self._tree is None:
            return
        for folder in sorted(self._tree.iterdir()):
            if folder.name == INPUT or not folder.is_dir():
                continue
            try:
                with self._connection.speaking(f"fetch {OPT_ML}/{folder.name}"):
                    chunks, _ = self._archive(folder.name)
                    self._left_out += unpack(chunks, folder, self._log)
            except FileNotFoundError:
                remove(folder)  # the program did so, too
                folder.mkdir()

    def _archive(self, name: str) -> tuple[Iterator[bytes], Any]:
        try:
            found: tuple[Iterator[bytes], Any] = self.made.container.get_archive(
                f"{OPT_ML}/{name}", chunk_size=1024 * 1024
            )
        except NotFound:
            raise FileNotFoundError(name) from None
        return found


def close_output(output: Any) -> None:
    """The SDK's own way leaves the socket open when the other side was the first to close."""
    with suppress(Exception):
        output._response.close()


class _Lines:
    """Bytes in, whole lines out."""

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self._rest = b""

    def take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._say(line)
        if len(self._rest) > LONGEST_LINE:
            self.flush()

    def flush(self) -> None:
        if self._rest:
            self._say(self._rest)
            self._rest = b""

    def _say(self, line: bytes) -> None:
        self._log(line.removesuffix(b"\r").decode(errors="replace"))
