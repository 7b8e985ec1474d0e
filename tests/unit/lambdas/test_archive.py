import dataclasses
import io
import tarfile

import pytest

from lambdas.archive import (
    MEMBER_LIMIT,
    ModelScan,
    object_exists,
    read_member,
    read_object,
    scan_model,
)
from lambdas.errors import TrainingFailed
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.releases import OUTPUT
from tests.unit.lambdas.tarballs import put_output, tarball


def test_one_file_is_read_out_of_many(world: World) -> None:
    put_output(world, {"a.json": b"a", "holdout.jsonl": b"rows", "z.png": b"z"})
    assert read_member(world.runtime, OUTPUT, "holdout.jsonl") == b"rows"


def test_a_leading_dot_is_not_part_of_the_name(world: World) -> None:
    put_output(world, {"./holdout.jsonl": b"rows"})
    assert read_member(world.runtime, OUTPUT, "holdout.jsonl") == b"rows"


def test_a_file_in_a_folder_is_another_file(world: World) -> None:
    put_output(world, {"older/holdout.jsonl": b"rows"})
    assert read_member(world.runtime, OUTPUT, "holdout.jsonl") is None


def test_an_empty_archive_holds_nothing(world: World) -> None:
    put_output(world, {})
    assert read_member(world.runtime, OUTPUT, "holdout.jsonl") is None


def test_what_is_not_an_archive_is_refused_by_name(world: World) -> None:
    world.s3.put_object(Bucket="artifacts", Key="x.tar.gz", Body=b"not gzip at all")
    with pytest.raises(TrainingFailed, match=r"s3://artifacts/x.tar.gz is not a readable tar.gz"):
        read_member(world.runtime, "s3://artifacts/x.tar.gz", "holdout.jsonl")


def test_an_archive_cut_short_is_refused(world: World) -> None:
    whole = tarball({"holdout.jsonl": bytes(range(256)) * 400})
    world.s3.put_object(Bucket="artifacts", Key="x.tar.gz", Body=whole[: len(whole) // 2])
    with pytest.raises(TrainingFailed, match="is not a readable"):
        read_member(world.runtime, "s3://artifacts/x.tar.gz", "holdout.jsonl")


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(world: World) -> None:
    put_output(world, {"holdout.jsonl": bytes(MEMBER_LIMIT + 1)})
    with pytest.raises(TrainingFailed, match="write fewer rows"):
        read_member(world.runtime, OUTPUT, "holdout.jsonl")


def test_an_object_that_is_not_there_is_none(world: World) -> None:
    assert read_object(world.s3, "s3://artifacts/none") is None
    assert not object_exists(world.s3, "s3://artifacts/none")


def test_an_archive_that_takes_too_long_to_read_is_refused_with_what_to_do(world: World) -> None:
    put_output(world, {"weights.bin": bytes(range(256)) * 400, "holdout.jsonl": b"rows"})
    runtime = dataclasses.replace(world.runtime, seconds_left=lambda: 1.0)
    with pytest.raises(TrainingFailed, match=r"is too large: no holdout.jsonl among its first"):
        read_member(runtime, OUTPUT, "holdout.jsonl")


MODEL = "s3://artifacts/model.tar.gz"


def put_links(world: World) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, kind, target in (
            ("latest.bin", tarfile.SYMTYPE, "weights.bin"),
            ("again.bin", tarfile.LNKTYPE, "weights.bin"),
            ("pipe", tarfile.FIFOTYPE, ""),
            ("null", tarfile.CHRTYPE, ""),
            ("../out", tarfile.REGTYPE, ""),
            ("/etc/x", tarfile.REGTYPE, ""),
            ("folder", tarfile.DIRTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            archive.addfile(member)
    world.s3.put_object(Bucket="artifacts", Key="model.tar.gz", Body=buffer.getvalue())


def test_what_no_endpoint_can_unpack_is_named(world: World) -> None:
    put_links(world)
    assert scan_model(world.runtime, MODEL).refused == (
        "latest.bin is a symbolic link to weights.bin",
        "again.bin is a hard link to weights.bin",
        "pipe is a named pipe",
        "null is a device",
        "../out is a name outside the folder",
        "/etc/x is a name outside the folder",
    )


def test_a_look_into_a_model_ends_in_time_and_says_how_far_it_came(world: World) -> None:
    put_links(world)
    left = iter([900.0, *[10.0] * 9])
    runtime = dataclasses.replace(world.runtime, seconds_left=lambda: next(left))
    assert scan_model(runtime, MODEL) == ModelScan((), read=0)


def test_a_look_to_the_end_of_a_model_leaves_nothing_unseen(world: World) -> None:
    put_links(world)
    assert scan_model(world.runtime, MODEL).read is None
