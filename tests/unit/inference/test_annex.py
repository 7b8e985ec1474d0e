"""Work beside the event loop, and what is left of it afterwards."""

import asyncio
import gc
import weakref
from contextlib import suppress

from inference.annex import Annex
from inference.refusal import Refusal
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
            await Annex(threads=1).do(refuse)
        await asyncio.sleep(0)  # the loop forgets what it has called

    gc.disable()
    try:
        asyncio.run(ask())
        until(lambda: bodies[0]() is None, "nothing holds the body")
    finally:
        gc.enable()
