import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.clients import Clients
from lambdas.errors import CopyUnfinished
from lambdas.object_copy import RESERVE, NoSuchVersion, ObjectVersion, copy_version
from lambdas.runtime import Runtime
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.kills import killed_everywhere

PART = 5 * 1024 * 1024  # bytes; S3's least
LARGE = bytes(range(256)) * (2 * PART // 256) + b"the end"  # three parts
COPIES = ("copy_object", "upload_part_copy")


class Counting:
    """S3, and how often each operation was called."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._s3, name)

    @property
    def copies(self) -> int:
        return sum(call in COPIES for call in self.calls)


def site_with(world: World, s3: Any, seconds: Iterator[float] | None = None) -> Runtime:
    left = (lambda: next(seconds)) if seconds else world.runtime.seconds_left
    services = {**world.services, "s3": s3}
    return dataclasses.replace(
        world.runtime, clients=Clients(services.__getitem__), seconds_left=left
    )


def put(world: World, body: bytes, key: str = "series/wti.csv") -> ObjectVersion:
    put = world.s3.put_object(Bucket="data", Key=key, Body=body, ContentType="text/csv")
    return ObjectVersion("data", key, str(put["VersionId"]))


def read(world: World, key: str = "raw/wti.csv") -> bytes:
    return bytes(world.s3.get_object(Bucket="artifacts", Key=key)["Body"].read())


def copy(runtime: Runtime, source: ObjectVersion, key: str = "raw/wti.csv") -> None:
    copy_version(runtime, source, "artifacts", key, part=PART)


def time_for(pieces: int) -> Iterator[float]:
    """The seconds left whenever they are asked for: enough for so many pieces."""
    yield from [RESERVE + 1] * pieces
    yield RESERVE - 1


@pytest.mark.parametrize("body", [b"", b"small", LARGE])
def test_the_version_that_was_named_is_copied_with_its_content_type(
    world: World, body: bytes
) -> None:
    source = put(world, body)
    put(world, b"a newer version")
    copy(world.runtime, source)
    assert read(world) == body
    assert world.s3.head_object(Bucket="artifacts", Key="raw/wti.csv")["ContentType"] == "text/csv"


@pytest.mark.parametrize("body", [b"small", LARGE])
def test_what_is_there_is_not_copied_again(world: World, body: bytes) -> None:
    source = put(world, body)
    copy(world.runtime, source)
    s3 = Counting(world.s3)
    copy(site_with(world, s3), source)
    assert s3.copies == 0


def test_a_large_copy_goes_on_after_the_parts_that_are_there(world: World) -> None:
    source = put(world, LARGE)
    upload = world.s3.create_multipart_upload(Bucket="artifacts", Key="raw/wti.csv")["UploadId"]
    world.s3.upload_part_copy(
        Bucket="artifacts",
        Key="raw/wti.csv",
        UploadId=upload,
        PartNumber=2,
        CopySource=source.source,
        CopySourceRange=f"bytes={PART}-{2 * PART - 1}",
    )
    s3 = Counting(world.s3)
    copy(site_with(world, s3), source)
    assert s3.copies == 2
    assert "create_multipart_upload" not in s3.calls
    assert read(world) == LARGE


@pytest.mark.parametrize("body", [b"small", LARGE])
def test_a_copy_killed_at_any_call_is_finished_by_the_next(world: World, body: bytes) -> None:
    source = put(world, body)
    for place in killed_everywhere(world, lambda runtime: copy(runtime, source)):
        copy(world.runtime, source)
        assert read(world) == body, place
        world.s3.delete_object(Bucket="artifacts", Key="raw/wti.csv")


def test_a_call_that_is_short_of_time_ends_and_says_how_far_it_came(world: World) -> None:
    source = put(world, LARGE)
    with pytest.raises(CopyUnfinished, match=r"raw/wti.csv is done in 0 of 3 parts; the next"):
        copy(site_with(world, world.s3, time_for(1)), source)
    copy(world.runtime, source)
    assert read(world) == LARGE


def test_many_objects_take_many_calls_and_one_copy_each(world: World) -> None:
    sources = [put(world, str(n).encode(), f"series/{n}.csv") for n in range(10)]
    s3 = Counting(world.s3)
    calls = 0
    while True:
        calls += 1
        runtime = site_with(world, s3, time_for(3))
        try:
            for source in sources:
                copy(runtime, source, source.key)
        except CopyUnfinished:
            continue
        break
    assert calls == 4
    assert s3.copies == 10
    assert [read(world, source.key) for source in sources] == [b"%d" % n for n in range(10)]


def test_a_version_that_is_gone_is_distinguished(world: World) -> None:
    source = put(world, b"x")
    world.s3.delete_object(Bucket="data", Key=source.key, VersionId=source.version)
    with pytest.raises(NoSuchVersion):
        copy(world.runtime, source)
