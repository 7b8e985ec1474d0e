"""Where a program listens, and the reason why a server is unreachable."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwharf.engines.listening import NOWHERE, Listener, listeners, misplaced, misplaced_here
from modelwharf.engines.processes import Processes
from tests.waiting import until

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid timeout\n"
MARK = "0" * 31 + "1"
LISTENS = """
import socket, time
one = socket.create_server(("127.0.0.1", 0))
print(one.getsockname()[1], flush=True)
time.sleep(600)
"""


def line(address: str, inode: int, state: str = "0A") -> str:
    return f"   0: {address} 00000000:0000 {state} 0:0 00:0 0 0 0 {inode} 1 0 100 0 0 10 0\n"


class Proc:
    """A folder that looks like /proc; sockets are held by the one process that has the mark."""

    def __init__(self, folder: Path, network: str = "net:[2]") -> None:
        self.folder = folder
        process = folder / "77"
        for one, its in ((folder / "self", "net:[1]"), (process, network)):
            (one / "ns").mkdir(parents=True)
            (one / "ns/net").symlink_to(its)
        for name in ("fd", "net"):
            (process / name).mkdir()
        (process / "environ").write_bytes(f"A=1\0MODELWHARF_PROCESS={MARK}\0".encode())
        (process / "fd/4").symlink_to("socket:[41]")
        self.process = process

    def listen(self, *lines: str, name: str = "tcp") -> None:
        (self.process / "net" / name).write_text(HEAD + "".join(lines))

    def found(self) -> list[str]:
        return [str(one) for one in listeners(MARK, self.folder) or ()]


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


@pytest.fixture
def processes() -> Iterator[Processes]:
    found = Processes()
    yield found
    found.stop_all()


def test_a_container_has_every_socket_of_its_network(proc: Proc) -> None:
    proc.listen(line("0100007F:1F90", 7), line("00000000:0050", 8), line("0100007F:1", 9, "01"))
    proc.listen(line("00000000000000000000000000000000:1F40", 3), name="tcp6")
    assert proc.found() == ["0.0.0.0:80", "127.0.0.1:8080", "[::]:8000"]


def test_a_process_of_this_machines_network_has_the_sockets_that_it_holds(tmp_path: Path) -> None:
    proc = Proc(tmp_path, network="net:[1]")
    proc.listen(line("0100007F:1F90", 41), line("00000000:0050", 8))
    assert proc.found() == ["127.0.0.1:8080"]


def test_where_no_process_is_seen_nothing_is_known(proc: Proc) -> None:
    assert listeners("f" * 32, proc.folder) is None
    assert listeners("", proc.folder) is None
    assert misplaced(None, 8080) == misplaced_here(None, 8080) == ""


def test_a_real_childs_socket_is_found(processes: Processes) -> None:
    child = processes.start([sys.executable, "-c", LISTENS], environment={}, directory=Path("/"))
    assert child.stdout is not None
    with child.stdout as output:
        port = int(output.readline())
    assert until(lambda: listeners(processes.mark_of(child)), "its socket") == (
        Listener("127.0.0.1", port),
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([], NOWHERE),
        ([("127.0.0.1", 8080)], "it listens on 127.0.0.1:8080 alone, which nothing outside"),
        ([("::1", 8080)], "it listens on [::1]:8080 alone, which nothing outside"),
        ([("::ffff:127.0.0.1", 8080)], "alone, which nothing outside"),
        ([("0.0.0.0", 80)], "it listens on 0.0.0.0:80, and not on port 8080"),
        (
            [("127.0.0.1", 8080), ("127.0.0.1", 9)],
            "it listens on 127.0.0.1:8080 alone",
        ),
        (
            [("0.0.0.0", 5000), ("::", 8000)],
            "it listens on 0.0.0.0:5000 and on [::]:8000, and not on port 8080",
        ),
    ],
)
def test_what_nobody_reaches_in_a_container_is_said(
    found: list[tuple[str, int]], said: str
) -> None:
    assert said in misplaced([Listener(*one) for one in found], 8080)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3"])
def test_a_server_that_listens_everywhere_can_be_reached(host: str) -> None:
    there = [Listener("127.0.0.1", 8080), Listener(host, 8080)]
    assert misplaced(there, 8080) == ""


def test_a_process_that_listens_nowhere_is_not_told_of_a_port() -> None:
    assert misplaced_here([], 4321) == NOWHERE


def test_a_process_may_listen_on_loopback_but_at_the_port_it_is_given() -> None:
    assert misplaced_here([Listener("127.0.0.1", 4321)], 4321) == ""
    said = misplaced_here([Listener("127.0.0.1", 8080)], 4321)
    assert said.startswith("it listens on 127.0.0.1:8080, and not on port 4321")
    assert "SAGEMAKER_BIND_TO_PORT" in said
