"""Everything that leaves this machine, in a network namespace that leads nowhere.

There every address is this machine's own (``ip route add local 0.0.0.0/0 dev lo``): a question to
any name server, and a connection to any host, arrive here, are noted, and get nothing.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

WEB_PORTS = (80, 443)
NAME_ERROR = 0x8183  # a DNS answer's flags (RFC 1035, 4.1.1): no such name


@dataclass
class Trap:
    """What was asked for: host names, and addresses with their ports."""

    _caught: list[str] = field(default_factory=list)

    def emptied(self) -> list[str]:
        """What was caught since the last call."""
        found, self._caught[:] = sorted(set(self._caught)), []
        return found

    def note(self, what: str) -> None:
        self._caught.append(what)


@contextmanager
def set_up() -> Iterator[Trap]:
    """Raises OSError outside such a namespace, where these ports are another's."""
    trap = Trap()
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("0.0.0.0", 53))
    listeners = [socket.create_server(("0.0.0.0", port)) for port in WEB_PORTS]
    threading.Thread(target=_answer_names, args=(names, trap), daemon=True).start()
    for listener in listeners:
        threading.Thread(target=_hang_up, args=(listener, trap), daemon=True).start()
    try:
        yield trap
    finally:
        for one in (names, *listeners):
            one.close()


def _answer_names(names: socket.socket, trap: Trap) -> None:
    while True:
        try:
            question, sender = names.recvfrom(4096)
        except OSError:
            return
        trap.note(_name(question))
        flags = NAME_ERROR.to_bytes(2)
        names.sendto(question[:2] + flags + question[4:6] + b"\0" * 6 + question[12:], sender)


def _name(question: bytes) -> str:
    """The name of the first question: labels, each behind its length."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode(errors="replace"))
        at += 1 + question[at]
    return ".".join(labels)


def _hang_up(listener: socket.socket, trap: Trap) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        host, port = connection.getsockname()[:2]
        trap.note(f"{host}:{port}")
        connection.close()
