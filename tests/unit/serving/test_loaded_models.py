"""Models in memory that are made of nothing, so that each moment can be held."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelwharf.serving.loaded_models import LoadedModels
from modelwharf.serving.memory import MIB, Memory
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.served import ModelBroken
from tests.waiting import HUNG


@dataclass(eq=False)
class Toy:
    """A model of 10 MiB."""

    folder: Path


@dataclass
class Workshop:
    """Loads toys; ``hold`` names folders whose load waits for ``go``."""

    limit: int = 100  # MiB
    other: int = 0  # MiB in use beside the toys
    hold: frozenset[str] = frozenset()
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    go: threading.Event = field(default_factory=threading.Event)
    at_once: int = 0
    most_at_once: int = 0
    loads: int = 0
    holds_up_the_end: bool = True
    toys: weakref.WeakSet[Toy] = field(default_factory=weakref.WeakSet)

    def load(self, folder: Path) -> Toy:
        self.loads += 1
        self.holds_up_the_end = not threading.current_thread().daemon
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.started.release()
            if folder.name in self.hold:
                assert self.go.wait(HUNG)
            if folder.name == "broken":
                raise ModelBroken("the spring is broken")
            if folder.name == "huge":
                raise MemoryError
            if folder.name == "odd":
                raise TypeError("not a toy")
            toy = Toy(folder)
            self.toys.add(toy)
            return toy
        finally:
            self.at_once -= 1

    def used(self) -> int:
        return (self.other + 10 * len(self.toys)) * MIB

    def in_memory(self) -> LoadedModels[Toy]:
        return LoadedModels(
            load=self.load,
            needs=lambda folder: 30 * MIB,
            memory=Memory(self.limit * MIB, self.used, "the workshop's"),
        )


@pytest.fixture
def url(tmp_path: Path) -> Callable[[str], str]:
    def folder(name: str) -> str:
        (tmp_path / name).mkdir(exist_ok=True)
        return str(tmp_path / name)

    return folder


async def refused(attempt: Coroutine[Any, Any, object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await attempt
    return caught.value


async def begun(work: Workshop) -> None:
    assert await asyncio.to_thread(work.started.acquire, timeout=HUNG)


async def turns() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


Url = Callable[[str], str]


def test_a_loaded_model_is_found_by_its_name(url: Url) -> None:
    async def story() -> None:
        in_memory = Workshop().in_memory()
        await in_memory.load("a", url("one"))
        assert (in_memory.get("a").url, in_memory.get("a").model.folder) == (
            url("one"),
            Path(url("one")),
        )
        assert (await refused(in_memory.load("a", url("two")))).status == 409

    asyncio.run(story())


@pytest.mark.parametrize(
    ("folder", "status", "reason"),
    [
        ("broken", 400, "holds no model that can be served: the spring is broken"),
        ("odd", 400, "cannot be loaded: TypeError: not a toy"),
        ("huge", 507, "memory ran out while"),
    ],
)
def test_what_cannot_be_loaded_is_refused_and_leaves_the_name_free(
    url: Url, folder: str, status: int, reason: str
) -> None:
    async def story() -> None:
        in_memory = Workshop().in_memory()
        refusal = await refused(in_memory.load("a", url(folder)))
        assert (refusal.status, reason in refusal.reason) == (status, True)
        await in_memory.load("a", url("one"))

    asyncio.run(story())


@pytest.mark.parametrize("folder", ["nowhere", "n" * 300])
def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, folder: str) -> None:
    refusal = asyncio.run(refused(Workshop().in_memory().load("a", str(tmp_path / folder))))
    assert (refusal.status, "there is no folder" in refusal.reason) == (404, True)


def test_a_model_that_does_not_fit_is_refused_until_another_went(url: Url) -> None:
    async def story() -> None:
        in_memory = Workshop(limit=45).in_memory()
        await in_memory.load("a", url("one"))
        await in_memory.load("b", url("two"))
        refusal = await refused(in_memory.load("c", url("three")))
        assert refusal.status == 507
        assert "may take 30 MiB while it loads; 25 MiB are free of 45 MiB" in refusal.reason
        await in_memory.unload("a")
        await in_memory.load("c", url("three"))

    asyncio.run(story())


def test_memory_that_something_else_uses_counts(url: Url) -> None:
    work = Workshop(limit=45, other=20)
    assert asyncio.run(refused(work.in_memory().load("a", url("one")))).status == 507


def test_nothing_holds_a_model_that_was_unloaded(url: Url) -> None:
    async def story() -> None:
        work = Workshop()
        in_memory = work.in_memory()
        gc.disable()  # a model must go by itself: a collection would hold up every request
        try:
            await in_memory.load("a", url("one"))
            with in_memory.asked("a"):
                pass
            await in_memory.unload("a")
            assert len(work.toys) == 0
        finally:
            gc.enable()

    asyncio.run(story())


def test_unloading_waits_for_the_running_requests_and_takes_no_new_ones(url: Url) -> None:
    async def story() -> None:
        work = Workshop()
        in_memory = work.in_memory()
        await in_memory.load("a", url("one"))
        with in_memory.asked("a") as first:
            with in_memory.asked("a"):
                unloading = asyncio.create_task(in_memory.unload("a"))
                await turns()
                with pytest.raises(Refusal), in_memory.asked("a"):
                    pytest.fail("a model that goes was asked")
            await turns()
            assert not unloading.done()
            assert first.model.folder.name == "one"
        await unloading
        assert len(work.toys) == 0

    asyncio.run(story())


def test_two_loads_of_one_name_load_once(url: Url) -> None:
    async def story() -> None:
        work = Workshop(hold=frozenset({"one"}))
        in_memory = work.in_memory()
        first = asyncio.create_task(in_memory.load("a", url("one")))
        second = asyncio.create_task(refused(in_memory.load("a", url("two"))))
        await begun(work)
        work.go.set()
        await first
        assert (await second).status == 409
        assert work.loads == 1

    asyncio.run(story())


def test_the_second_load_of_a_name_tries_when_the_first_failed(url: Url) -> None:
    async def story() -> None:
        work = Workshop(hold=frozenset({"broken"}))
        in_memory = work.in_memory()
        first = asyncio.create_task(refused(in_memory.load("a", url("broken"))))
        second = asyncio.create_task(in_memory.load("a", url("two")))
        await begun(work)
        work.go.set()
        assert (await first).status == 400
        await second
        assert in_memory.get("a").url == url("two")

    asyncio.run(story())


def test_loads_of_several_names_come_one_after_another(url: Url) -> None:
    async def story() -> None:
        work = Workshop(limit=1000)
        in_memory = work.in_memory()
        await asyncio.gather(*(in_memory.load(f"m{n}", url(f"f{n}")) for n in range(8)))
        assert (work.loads, work.most_at_once) == (8, 1)

    asyncio.run(story())


def test_unloading_a_model_that_loads_waits_for_it_and_takes_it_away(url: Url) -> None:
    async def story() -> None:
        work = Workshop(hold=frozenset({"one"}))
        in_memory = work.in_memory()
        loading = asyncio.create_task(in_memory.load("a", url("one")))
        await begun(work)
        with pytest.raises(Refusal):
            in_memory.get("a")
        unloading = asyncio.create_task(in_memory.unload("a"))
        work.go.set()
        await loading
        await unloading
        assert (len(work.toys), in_memory.page("", 10)) == (0, ([], False))

    asyncio.run(story())


def test_loading_a_model_that_goes_waits_until_it_went(url: Url) -> None:
    async def story() -> None:
        work = Workshop(limit=35)
        in_memory = work.in_memory()
        await in_memory.load("a", url("one"))
        with in_memory.asked("a"):
            unloading = asyncio.create_task(in_memory.unload("a"))
            await turns()
            loading = asyncio.create_task(in_memory.load("a", url("two")))
            await turns()
            assert not loading.done()
        await unloading
        await loading
        assert in_memory.get("a").url == url("two")

    asyncio.run(story())


def test_a_load_that_hangs_does_not_hold_up_the_end_of_the_process(url: Url) -> None:
    work = Workshop()
    asyncio.run(work.in_memory().load("a", url("one")))
    assert not work.holds_up_the_end


def test_another_model_is_unloaded_and_asked_while_one_loads(url: Url) -> None:
    async def story() -> None:
        work = Workshop(hold=frozenset({"slow"}))
        in_memory = work.in_memory()
        await in_memory.load("a", url("one"))
        await begun(work)
        loading = asyncio.create_task(in_memory.load("b", url("slow")))
        await begun(work)
        with in_memory.asked("a") as asked:
            assert asked.model.folder.name == "one"
        await in_memory.unload("a")
        assert not loading.done()
        work.go.set()
        await loading

    asyncio.run(story())


def test_a_model_that_is_not_there_cannot_be_unloaded() -> None:
    assert asyncio.run(refused(Workshop().in_memory().unload("a"))).status == 404


def test_pages_go_by_name_and_lose_nothing_when_a_model_goes(url: Url) -> None:
    async def story() -> None:
        in_memory = Workshop(limit=1000).in_memory()
        for name in "dbcae":
            await in_memory.load(name, url(name))
        first, more = in_memory.page("", 2)
        assert ([one.name for one in first], more) == (["a", "b"], True)
        await in_memory.unload("b")
        second, more = in_memory.page("b", 2)
        assert ([one.name for one in second], more) == (["c", "d"], True)
        last, more = in_memory.page("d", 2)
        assert ([one.name for one in last], more) == (["e"], False)

    asyncio.run(story())
