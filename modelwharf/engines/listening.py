"""Find where a program listens, from the kernel's tables, to tell why a server is unreachable.

A server that listens on loopback, or on another port than SageMaker's, looks from outside like a
server that is slow to start.
"""

import re
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from modelwharf.engines.reaper import PROC, marked

LISTEN = "0A"  # /proc/net/tcp: the state of a socket that waits for connections
SOCKET = re.compile(r"socket:\[(\d+)\]")
PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"
NOWHERE = "it listens on no port yet"  # a server that still loads, or waits for something


@dataclass(frozen=True, order=True)
class Listener:
    """One socket that waits for connections."""

    host: str
    port: int

    @property
    def everywhere(self) -> bool:
        """Whether it is not on loopback."""
        address = ip_address(self.host)
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return not (mapped or address).is_loopback

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listeners(mark: str, proc: Path = PROC) -> tuple[Listener, ...] | None:
    """Return where the processes with this mark listen; None if the system shows no such process.

    In a network namespace of their own all sockets count; in this machine's, only those they hold
    open.
    """
    here = _network(proc / "self")
    found: set[Listener] = set()
    processes = list(marked(mark, proc))
    held = {inode for process in processes for inode in _sockets(process)}
    for process in processes:
        with suppress(OSError):  # it has ended
            own = _network(process) != here
            found |= {one for one, inode in _table(process) if own or inode in held}
    return tuple(sorted(found)) if processes else None


def misplaced(found: Iterable[Listener] | None, port: int) -> str:
    """Say why a container cannot be reached from outside on ``port``; empty if it may be."""
    wrong = _elsewhere(found, port)
    if wrong or found is None:
        return wrong
    mine = [one for one in found if one.port == port]
    if any(one.everywhere for one in mine):
        return ""
    return (
        f"it listens on {_listed(mine)} alone, which nothing outside its container reaches: "
        "let it listen on 0.0.0.0"
    )


def misplaced_here(found: Iterable[Listener] | None, port: int) -> str:
    """Say the same for a process on this machine, which shares the ports with all others."""
    wrong = _elsewhere(found, port)
    if wrong in ("", NOWHERE):
        return wrong
    return f"{wrong}, which {PORT_VARIABLE} names: without containers a server must heed that"


def _elsewhere(found: Iterable[Listener] | None, port: int) -> str:
    if found is None or any(one.port == port for one in found):
        return ""
    where = _listed(found)
    return f"it listens on {where}, and not on port {port}" if where else NOWHERE


def _listed(found: Iterable[Listener]) -> str:
    return " and on ".join(map(str, found))


def _network(process: Path) -> str:
    return str((process / "ns" / "net").readlink())


def _sockets(process: Path) -> Iterator[str]:
    with suppress(OSError):  # it has ended, or it is another user's
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                match = SOCKET.fullmatch(str(descriptor.readlink()))
                if match:
                    yield match[1]


def _table(process: Path) -> Iterator[tuple[Listener, str]]:
    """Yield each listening socket of the process's network, and its inode."""
    for name in ("tcp", "tcp6"):
        path = process / "net" / name
        if not path.exists():  # a machine without IPv6
            continue
        for line in path.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN:
                yield _listener(fields[1]), fields[9]


def _listener(text: str) -> Listener:
    """Parse ``0100007F:1F90``, which is 127.0.0.1:8080.

    The address is words of 32 bits in the machine's byte order.
    """
    host, _, port = text.partition(":")
    words = [int(host[start : start + 8], 16) for start in range(0, len(host), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    kind = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return Listener(socket.inet_ntop(kind, packed), int(port, 16))
