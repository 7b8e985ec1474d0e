import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from modelwharf.serving.loading import Loading
from modelwharf.serving.served import ModelBroken, Served
from tests.unit.serving.servers import serving, started
from tests.unit.serving.table.toys import artifact
from tests.waiting import HUNG, until

MODEL = cast(Served, object())


def test_whoever_waits_is_told_once_the_model_is_there() -> None:
    may_end, told = threading.Event(), threading.Event()

    def load() -> Served:
        assert may_end.wait(HUNG)
        return MODEL

    loading = Loading(lambda: load)
    loading.then(told.set)
    assert not told.is_set()
    may_end.set()
    assert loading.result() is MODEL
    assert told.wait(HUNG)


def test_whoever_asks_late_is_told_at_once() -> None:
    loading = Loading(lambda: lambda: MODEL)
    loading.result()
    told: list[bool] = []
    loading.then(lambda: told.append(True))
    assert told == [True]


def test_what_ends_the_loading_is_told_and_raised_to_who_wants_the_model() -> None:
    def load() -> Served:
        raise ModelBroken("no such file")

    loading, told = Loading(lambda: load), threading.Event()
    loading.then(told.set)
    assert told.wait(HUNG)
    with pytest.raises(ModelBroken, match="no such file"):
        loading.result()


def test_a_model_that_nothing_loads_is_told_in_the_same_way() -> None:
    def find() -> Callable[[], Served]:
        raise ModelBroken("no such kind")

    loading = Loading(find)
    assert loading.found(HUNG)
    with pytest.raises(ModelBroken, match="no such kind"):
        loading.result()


def test_it_is_known_when_what_loads_the_model_is_found() -> None:
    may_go_on, may_end = threading.Event(), threading.Event()

    def find() -> Callable[[], Served]:
        assert may_go_on.wait(HUNG)
        return load

    def load() -> Served:
        assert may_end.wait(HUNG)
        return MODEL

    loading = Loading(find)
    assert not loading.found()
    may_go_on.set()
    assert loading.found(HUNG)
    may_end.set()
    assert loading.result() is MODEL


def test_a_thread_that_a_library_starts_while_a_model_loads_takes_no_signal() -> None:
    kept: list[set[Any]] = []

    def look() -> None:
        kept.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    def load() -> Served:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return MODEL

    Loading(lambda: load).result()
    assert {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD} <= kept[0]


def test_a_servers_signals_are_its_main_threads_alone(tmp_path: Path) -> None:
    artifact(tmp_path / "model")
    with serving(tmp_path, WHARF_WORKERS="2") as server:
        started(server).wait_for("2 workers")
        threads = Path(f"/proc/{server.process.pid}/task")
        others = [one for one in threads.iterdir() if int(one.name) != server.process.pid]
        assert all(_blocks(one / "status", signal.SIGTERM) for one in others)
        server.process.terminate()
        until(lambda: server.process.poll() is not None, "it ended")
        assert server.process.returncode == 0


def _blocks(status: Path, number: int) -> bool:
    (line,) = (one for one in status.read_text().splitlines() if one.startswith("SigBlk:"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)
