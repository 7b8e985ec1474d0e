"""The container engine's own logic, against an engine that a test plays."""

import errno
import gc
import io
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import docker
import pytest
import requests
from docker.errors import APIError, ImageNotFound

from modelwharf.engines.container import Connection, ContainerEngine, NoEngine, connect
from modelwharf.engines.container.archives import owner_of, packed, unpack
from modelwharf.engines.container.connection import Machine, addresses
from modelwharf.engines.container.container import ContainerProgram
from modelwharf.engines.container.created_container import CreatedContainer
from modelwharf.engines.container.image_store import ImageStore
from modelwharf.engines.container.unix_socket import close_unanswered
from modelwharf.engines.engine import EngineLost, ImageMissing, Launch, Limits
from modelwharf.engines.processes import CloudStopping, Processes
from tests.waiting import HUNG

MACHINE = Machine(cpus=4, limits_memory=True, limits_cpus=True, local=True)
Pieces = Iterator[tuple[bytes | None, bytes | None]]


class FakeContainer:
    """Runs as long as ``states`` says so, one for each look; the last one stays."""

    id = "c0ffee"
    name = "wharf-program-c0ffee"

    def __init__(self, *states: Mapping[str, Any] | Exception, files: bytes = b"") -> None:
        self.states = list(states)
        self.files = files
        self.options: dict[str, Any] = {}
        self.places: dict[str, bytes] = {}
        self.given = b""
        self.filled: list[str] = []
        self.removed = False
        self.attrs: dict[str, Any] = {
            "NetworkSettings": {"Ports": {"8080/tcp": [{"HostPort": "4321"}]}},
        }

    def put_archive(self, path: str, data: Iterator[bytes]) -> None:
        self.filled.append(path)
        self.given = b"".join(data)

    def attach(self, **options: Any) -> Pieces:
        return iter([(b"one\ntw", None), (None, b"err\n"), (b"o\n", b"last")])

    def start(self) -> None: ...
    def reload(self) -> None: ...

    def wait(self, timeout: float) -> None: ...

    def get_archive(self, path: str, chunk_size: int) -> tuple[Iterator[bytes], None]:
        return iter([self.places.get(path, self.files)]), None

    def remove(self, v: bool, force: bool) -> None:
        assert v and force
        self.removed = True


class FakeClient:
    """A socket's other side, with one container."""

    def __init__(self, container: FakeContainer) -> None:
        self.container = container
        self.containers = self.api = self
        self.networks = SimpleNamespace(create=self._network, list=lambda filters: [])

    def create(self, image: str, **options: Any) -> FakeContainer:
        self.container.options = {"image": image, **options}
        return self.container

    def _network(self, name: str, **options: Any) -> Any:
        return SimpleNamespace(name=name, remove=lambda: None, options=options)

    def inspect_container(self, name: str) -> Mapping[str, Any]:
        states = self.container.states
        state = states.pop(0) if len(states) > 1 else states[0]
        if isinstance(state, Exception):
            raise state
        return {"State": state}


class Images:
    """Every digest is an image of its own name."""

    folder = Path("images")

    def local(self, digest: str) -> str:
        return f"local-{digest}"


def connected(container: FakeContainer, machine: Machine = MACHINE) -> Connection:
    client = cast(Any, FakeClient(container))
    return Connection("unix:///run/x.sock", "Docker Engine 9", client, client, machine)


class Watch(Processes):
    """Starts nothing beside the cloud, and remembers what it would have killed with it."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[str] = []
        self.at_most = 0

    def watch(self, mark: str) -> None:
        self.marks.append(mark)
        self.at_most = max(self.at_most, len(self.marks))

    def forget(self, mark: str) -> None:
        self.marks.remove(mark)


def engine_of(
    container: FakeContainer,
    machine: Machine = MACHINE,
    processes: Processes | None = None,
    kills: Callable[[], int | None] = lambda: 0,
) -> ContainerEngine:
    return ContainerEngine(
        connected(container, machine),
        cast(ImageStore, Images()),
        processes or Watch(),
        "/clouds/one",
        kills,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("input", "model"):
        (tmp_path / "run/ml" / name).mkdir(parents=True)
    return tmp_path / "run/ml"


ENDED = {"Running": False, "ExitCode": 0}


def options_of(
    launch: Launch, machine: Machine = MACHINE, log: list[str] | None = None
) -> dict[str, Any]:
    container = FakeContainer(ENDED, files=archive({}))
    lines: list[str] = [] if log is None else log
    engine_of(container, machine).run(launch, lines.append).wait(HUNG)
    return container.options


def archive(files: Mapping[str, bytes], **links: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
        for name, target in links.items():
            member = tarfile.TarInfo(f"model/{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            made.addfile(member)
    return stream.getvalue()


def test_a_tree_goes_in_whatever_the_umask_was(tree: Path) -> None:
    (tree / "input/rows.csv").write_text("1,2\n")
    (tree / "input/run.sh").write_text("#!/bin/sh\n")
    (tree / "input/rows.csv").chmod(0o600)
    (tree / "input/run.sh").chmod(0o700)
    (tree / "input/link").symlink_to("rows.csv")
    os.mkfifo(tree / "input/pipe")
    data = io.BytesIO(b"".join(packed(tree, (1000, 7))))
    with tarfile.open(fileobj=data) as found:
        members = {member.name: member for member in found}
        content = found.extractfile("input/rows.csv")
        assert content is not None and content.read() == b"1,2\n"
    assert set(members) == {".", "input", "input/link", "input/rows.csv", "input/run.sh", "model"}
    assert {(member.uid, member.gid) for member in members.values()} == {(1000, 7)}
    modes = [members[name].mode for name in ("input", "input/rows.csv", "input/run.sh")]
    assert modes == [0o755, 0o644, 0o755]
    assert members["input/link"].linkname == "rows.csv"


def test_what_comes_out_replaces_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old").write_text("old")
    data = archive({"model/new/deep": b"1"}, inside="new/deep", away="/etc/passwd", up="../../x")
    left_out: list[str] = []
    words = unpack([data[i : i + 100] for i in range(0, len(data), 100)], folder, left_out.append)
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*")) == [
        "inside",
        "new",
        "new/deep",
    ]
    assert [line.split()[1] for line in left_out] == ["model/away", "model/up"]
    assert words == [
        "model/away is a symbolic link to /etc/passwd",
        "model/up is a symbolic link to ../../x",
    ]


@pytest.mark.parametrize(
    ("user", "owner"), [(None, (0, 0)), ("1000", (1000, 0)), ("1000:7", (1000, 7))]
)
def test_the_trees_owner_is_the_launchs_user(user: str | None, owner: tuple[int, int]) -> None:
    assert owner_of(user) == owner


def test_an_isolated_job_gets_no_network_and_its_limits(tree: Path) -> None:
    launch = Launch(
        "sha256:1",
        ("train",),
        {"A": "1"},
        tree,
        name="training-job/oil price",
        isolated=True,
        limits=Limits(memory_mib=8192, cpus=96.0),
    )
    options = options_of(launch)
    assert options["image"] == "local-sha256:1"
    assert options["network_mode"] == "none"
    assert (options["hostname"], options["extra_hosts"]) == ("algo-1", {"algo-1": "127.0.0.1"})
    assert options["mem_limit"] == options["memswap_limit"] == 8192 * 1024 * 1024
    assert options["nano_cpus"] == 4_000_000_000, "as many CPUs as the machine has"
    assert options["name"].startswith("wharf-training-job-oil-price-")
    assert options["labels"] == {"modelwharf.cloud": "/clouds/one"}
    assert options["environment"]["A"] == "1"
    assert options["environment"]["MODELWHARF_PROCESS"]
    assert options["entrypoint"] is None
    assert "read_only" not in options


def test_an_engine_that_cannot_limit_says_so_and_does_without(tree: Path) -> None:
    machine = Machine(cpus=4, limits_memory=False, limits_cpus=False, local=False)
    launch = Launch("sha256:1", (), {}, tree, limits=Limits(1024, 2.0))
    lines: list[str] = []
    options = options_of(launch, machine, lines)
    assert not {"mem_limit", "nano_cpus"} & set(options)
    assert "cannot limit memory or CPUs" in lines[0]
    assert engine_of(FakeContainer(ENDED), machine).unsupported == ("limits",)


def test_a_server_is_published_on_loopback_with_a_read_only_root(tree: Path) -> None:
    container = FakeContainer(ENDED)
    launch = Launch("sha256:1", ("serve",), {}, tree, serves=True, read_only=True)
    program = engine_of(container).run(launch, lambda line: None)
    assert program.address == ("127.0.0.1", 4321)
    assert container.options["ports"] == {"8080/tcp": ("127.0.0.1", None)}
    assert container.options["read_only"] is True
    assert list(container.options["tmpfs"]) == ["/tmp"]  # noqa: S108 - the container's
    assert program.wait(HUNG) == 0


def test_a_folder_that_the_image_calls_a_volume_is_filled_and_fetched_by_itself(
    tree: Path,
) -> None:
    (tree / "output/data").mkdir(parents=True, exist_ok=True)
    (tree / "model").mkdir(exist_ok=True)
    (tree / "model/old").write_text("1")
    inside = {
        "/opt/ml/model": archive({"/new": b"2"}),
        "/opt/ml/output": archive({"output/failure": b"3"}),
        "/opt/ml/output/data": archive({"/report": b"4"}),
    }
    container = FakeContainer(ENDED)
    container.places = inside
    container.attrs["Mounts"] = [{"Destination": one} for one in ("/opt/ml", *inside, "/var")]
    program = engine_of(container).run(Launch("sha256:1", (), {}, tree), lambda line: None)
    assert program.wait(10) == 0
    assert sorted(container.filled) == [
        "/opt/ml",
        "/opt/ml/model",
        "/opt/ml/output",
        "/opt/ml/output/data",
    ]
    assert {path.name for path in (tree / "model").iterdir()} == {"new"}
    assert (tree / "output/failure").read_text() == "3"
    assert (tree / "output/data/report").read_text() == "4"


def test_a_container_that_goes_while_it_is_stopped_has_ended(tree: Path) -> None:
    container = FakeContainer({"Running": True}, files=archive({}))

    def stop(timeout: int) -> None:
        container.states = [ENDED]
        raise APIError("container c0ffee does not exist in database: no such container")

    container.stop = stop  # type: ignore[attr-defined]
    program = engine_of(container).run(Launch("sha256:1", (), {}, tree), lambda line: None)
    assert program.stop(0) == 0


def test_lines_of_two_streams_stay_whole_and_in_order(tree: Path) -> None:
    lines: list[str] = []
    container = FakeContainer(ENDED, files=archive({"model/m": b"1"}))
    program = engine_of(container).run(Launch("sha256:1", (), {}, tree), lines.append)
    assert program.wait(HUNG) == 0
    assert lines == ["one", "err", "two", "last"]
    assert (tree / "model/m").read_text() == "1"
    assert container.removed


@pytest.mark.parametrize(
    ("state", "kills", "killed_for"),
    [
        ({"ExitCode": 137, "OOMKilled": True}, (2, 2), "out of memory (limit 100 MiB)"),
        (
            {"ExitCode": 137, "OOMKilled": False},
            (2, 3),
            "out of memory, it seems: killed by SIGKILL (limit 100 MiB)",
        ),
        ({"ExitCode": 137, "OOMKilled": False}, (2, 2), None),
        ({"ExitCode": 137, "OOMKilled": False}, (None, None), None),
        ({"ExitCode": 1, "OOMKilled": False}, (2, 3), None),
        ({"ExitCode": 0, "OOMKilled": True}, (2, 2), None),
    ],
)
def test_a_lack_of_memory_is_named_where_it_was_one(
    tree: Path, state: dict[str, Any], kills: tuple[int | None, ...], killed_for: str | None
) -> None:
    container = FakeContainer({"Running": False, **state}, files=archive({}))
    launch = Launch("sha256:1", (), {}, tree, limits=Limits(memory_mib=100))
    engine = engine_of(container, kills=iter(kills).__next__)
    program = engine.run(launch, lambda line: None)
    assert program.wait(HUNG) == state["ExitCode"]
    assert program.killed_for == killed_for


@pytest.mark.parametrize(
    ("started", "finished", "seconds"),
    [
        ("2026-11-30T20:14:44.123456789Z", "2026-11-30T20:14:50.62345678Z", 6.5),
        ("2026-11-30T20:14:44.5+00:00", "2026-11-30T21:14:50+01:00", 5.5),
        ("2026-11-30T20:14:44Z", "0001-01-01T00:00:00Z", None),
        ("2026-11-30T20:14:44Z", "", None),
    ],
)
def test_how_long_it_ran_is_the_engines_to_say(
    tree: Path, started: str, finished: str, seconds: float | None
) -> None:
    times = {"StartedAt": started, "FinishedAt": finished}
    container = FakeContainer({**ENDED, **times}, files=archive({}))
    program = engine_of(container).run(Launch("sha256:1", (), {}, tree), lambda line: None)
    assert program.wait(HUNG) == 0
    assert program.ran == (None if seconds is None else pytest.approx(seconds, abs=1e-5))


def test_a_lost_engine_is_told_to_its_waiters_and_swept_when_it_is_back(tree: Path) -> None:
    container = FakeContainer(requests.exceptions.ConnectionError(ConnectionRefusedError(111, "")))
    told: list[ContainerProgram] = []
    program = ContainerProgram(
        connected(container),
        CreatedContainer(cast(Any, container), None, "mark"),
        iter([]),
        lambda line: None,
        address=None,
        port=8080,
        tree=tree,
        memory_mib=None,
        ended=told.append,
    )
    with pytest.raises(EngineLost, match=r"\(Docker Engine 9 at unix:///run/x.sock\) stopped"):
        program.wait(HUNG)
    assert told == [program]
    assert program.lost


def test_a_silent_look_is_repeated(tree: Path) -> None:
    container = FakeContainer(requests.exceptions.ReadTimeout(), ENDED, files=archive({}))
    program = engine_of(container).run(Launch("sha256:1", (), {}, tree), lambda line: None)
    assert program.wait(HUNG) == 0


class Ending(FakeContainer):
    """Ends while podman looks at it, whichever look that is."""

    def __init__(self) -> None:
        self.words = refusal("read /proc/17797/cgroup: no such process")
        super().__init__(self.words, self.words, ENDED, files=archive({}))
        self.reloads: list[APIError] = [self.words]

    def reload(self) -> None:
        if self.reloads:
            raise self.reloads.pop()

    def wait(self, timeout: float) -> None:
        raise self.words


def test_a_container_that_ends_while_podman_looks_at_it_has_ended(tree: Path) -> None:
    program = engine_of(Ending()).run(Launch("sha256:1", (), {}, tree), lambda line: None)
    assert program.wait(HUNG) == 0


def test_a_tree_that_the_engines_disk_has_no_room_for_is_not_begun(
    tree: Path, tmp_path: Path
) -> None:
    with (tree / "input/large").open("wb") as file:
        file.truncate(2**40)  # bytes, none of them written
    machine = replace(MACHINE, storage=tmp_path)
    container = FakeContainer(ENDED)
    with pytest.raises(OSError, match=r"1099511 MB do not fit on the disk of .*/test") as full:
        engine_of(container, machine).run(Launch("sha256:1", (), {}, tree), lambda line: None)
    assert full.value.errno == errno.ENOSPC
    assert (container.options, container.given) == ({}, b"")


def test_a_container_is_watched_by_its_mark_until_it_has_ended(tree: Path) -> None:
    watch, container = Watch(), FakeContainer(ENDED, files=archive({}))
    engine = engine_of(container, processes=watch)
    program = engine.run(Launch("sha256:1", (), {}, tree), lambda line: None)
    assert program.created.mark in container.options["environment"].values()
    program.wait(HUNG)
    assert (watch.at_most, watch.marks) == (1, [])


def test_a_container_that_does_not_start_is_not_watched(tree: Path) -> None:
    class Unstartable(FakeContainer):
        def start(self) -> None:
            raise APIError("it does not start")

    watch, container = Watch(), Unstartable(ENDED)
    with pytest.raises(OSError, match="start the container"):
        engine_of(container, processes=watch).run(Launch("sha256:1", (), {}, tree), print)
    assert (watch.at_most, watch.marks) == (1, [])


def test_a_socket_without_an_answer_is_closed_at_once(tmp_path: Path) -> None:
    with closing(docker.DockerClient(base_url=f"unix://{tmp_path}/gone", version="1.40")) as client:
        close_unanswered(client.api)
        with pytest.raises(requests.ConnectionError):
            client.ping()
    gc.collect()  # it would warn of an open socket


def test_nothing_is_started_once_the_cloud_stops(tree: Path) -> None:
    processes = Processes()
    processes.stop_all()
    engine = engine_of(FakeContainer(ENDED), processes=processes)
    with pytest.raises(CloudStopping):
        engine.run(Launch("sha256:1", (), {}, tree), lambda line: None)


def refusal(explanation: str) -> APIError:
    return APIError("500", response=None, explanation=explanation)


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (refusal("write /var/lib/x: no space left on device"), errno.ENOSPC),
        (refusal('exec: "train": executable file not found in $PATH'), errno.EIO),
    ],
)
def test_what_an_engine_refuses_keeps_its_words(error: APIError, number: int) -> None:
    with (
        pytest.raises(OSError, match=f"start it: {str(error.explanation)[:5]}") as raised,
        connected(FakeContainer(ENDED)).speaking("start it"),
    ):
        raise error
    assert raised.value.errno == number


def test_an_image_that_the_engine_does_not_have_is_missing() -> None:
    with (
        pytest.raises(ImageMissing, match="run it: No such image: x"),
        connected(FakeContainer(ENDED)).speaking("run it"),
    ):
        raise ImageNotFound("404", response=None, explanation="No such image: x")


def test_a_named_engine_is_the_only_one_that_is_asked(tmp_path: Path) -> None:
    missing = f"unix://{tmp_path}/engine.sock"
    assert addresses({"DOCKER_HOST": missing}) == [missing]
    assert len(addresses({})) > 2
    with pytest.raises(NoEngine, match=rf"{missing}: no such file or directory"):
        connect({"DOCKER_HOST": missing})


@pytest.mark.parametrize(
    ("address", "words"),
    [("tcp://here:x", "Port could not be cast"), ("ssh://here", "paramiko"), ("here", "port is")],
)
def test_an_address_that_cannot_be_used_is_reported_as_one(address: str, words: str) -> None:
    with pytest.raises(NoEngine, match=words):
        connect({"DOCKER_HOST": address})
