"""Work off the event loop, and what is left of it afterwards."""

import asyncio
import gc
import threading
import weakref
from contextlib import suppress

from modelwharf.serving.limits import KEPT_BYTES
from modelwharf.serving.refusal import Refusal
from modelwharf.serving.thread_pool import ThreadPool
from tests.waiting import until


class Body:
    """Stands for 25 MiB."""


def test_a_refused_body_is_let_go_at_once() -> None:
    """Not when the garbage collector comes by: it counts objects, of which a body is one."""
    bodies: list[weakref.ref[Body]] = []

    def refuse() -> None:
        body = Body()
        bodies.append(weakref.ref(body))
        raise Refusal("no such row")

    async def ask() -> None:
        with suppress(Refusal):
            await ThreadPool(threads=1).do(refuse)
        await asyncio.sleep(0)  # the loop forgets what it has called

    gc.disable()
    try:
        asyncio.run(ask())
        until(lambda: bodies[0]() is None, "nothing holds the body")
    finally:
        gc.enable()


def test_memory_of_large_bodies_is_given_back_once_nobody_waits() -> None:
    given: list[str] = []

    async def ask() -> None:
        pool = ThreadPool(
            threads=1, release_memory=lambda: given.append(threading.current_thread().name)
        )
        with pool.reserve() as large:
            large.hold(KEPT_BYTES)
            with pool.reserve() as small:
                small.hold(1)
            pool.tidy()
            await pool.do(lambda: None)  # what was put before has been done
            assert not given
        pool.tidy()
        pool.tidy()
        await pool.do(lambda: None)

    asyncio.run(ask())
    assert given == ["pool-0"]


def test_small_bodies_are_no_reason_to_give_memory_back() -> None:
    given: list[bool] = []

    async def ask() -> None:
        pool = ThreadPool(threads=1, release_memory=lambda: given.append(True))
        with pool.reserve() as small:
            small.hold(KEPT_BYTES - 1)
        pool.tidy()
        await pool.do(lambda: None)

    asyncio.run(ask())
    assert not given
