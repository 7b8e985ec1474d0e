"""A request that gets a task, and its body as it arrives."""

import asyncio

import pytest

from modelwharf.serving.request import Body, ClientGone, Request


def request(target: bytes, *lines: tuple[bytes, bytes]) -> Request:
    return Request.of(b"POST", target, list(lines), Body(), keep=True)


def test_a_target_is_parted_and_its_path_decoded() -> None:
    found = request(b"/models/a%2Fb?limit=2")
    assert (found.path, found.raw_path, found.query) == (
        "/models/a/b",
        b"/models/a%2Fb",
        b"limit=2",
    )


@pytest.mark.parametrize("target", [b"http://x", b"x"])
def test_a_target_without_a_path_is_an_error(target: bytes) -> None:
    with pytest.raises(Exception, match=r"has no path|invalid url"):
        request(target)


def test_a_client_is_told_to_send_its_body_once() -> None:
    expect = (b"expect", b"100-Continue")
    found = request(b"/", expect, expect)
    assert found.asks_first
    found.body.end()
    asyncio.run(found.body.read())
    assert not found.asks_first
    assert not request(b"/", (b"expect", b"else")).asks_first


def test_a_body_is_read_as_it_arrives_and_asked_for_before() -> None:
    wanted: list[int] = []

    async def story() -> list[bytes]:
        body = Body(lambda: wanted.append(body.size))
        body.feed(b"a")
        body.feed(b"b")
        read = [await body.read()]
        later = asyncio.create_task(body.read())
        await asyncio.sleep(0)
        body.feed(b"c")
        body.end()
        return [*read, await later, await body.read()]

    assert asyncio.run(story()) == [b"ab", b"c", b""]
    assert wanted == [2, 0, 0]


def test_a_reader_learns_that_the_client_is_gone() -> None:
    async def story() -> None:
        body = Body()
        reading = asyncio.create_task(body.read())
        await asyncio.sleep(0)
        body.abandon()
        with pytest.raises(ClientGone):
            await reading
        with pytest.raises(ClientGone):
            await body.read()

    asyncio.run(story())
