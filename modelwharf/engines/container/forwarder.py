"""Make a port of this machine's loopback reachable from the containers of one network only.

The laptop's AWS listens on 127.0.0.1, which a container with a network of its own does not reach.
The forwarder listens on the network's gateway, an address of this machine that only the network's
containers and this machine can reach.
"""

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Iterator

LOOPBACK = "127.0.0.1"
# Linux, <linux/in.h>: podman creates the gateway's interface with a network's first container.
IP_FREEBIND = 15
WAITING = 128  # connections not yet accepted
PIECE = 64 * 1024  # bytes


class Forwarder:
    """Forwards connections to ``port`` of the gateway to the same port of loopback."""

    def __init__(self, gateway: str, subnet: ipaddress.IPv4Network, port: int) -> None:
        """Listen on the port. Raises OSError when it is taken."""
        self.port = port
        self._subnet = subnet
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.socket()
        try:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            self._listener.bind((gateway, port))
            self._listener.listen(WAITING)
        except OSError:
            self._listener.close()
            raise
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Accept no more connections, and close those that are open."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._thread.join()
        self._listener.close()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)  # its thread closes it

    def _accept(self) -> None:
        while True:
            try:
                caller, (host, _) = self._listener.accept()
            except OSError:
                return
            if ipaddress.IPv4Address(host) not in self._subnet:
                caller.close()
                continue
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, contextlib.suppress(OSError):
            callee = socket.create_connection((LOOPBACK, self.port))
            with callee, self._held(caller, callee):
                there = threading.Thread(target=_pump, args=(caller, callee), daemon=True)
                there.start()
                _pump(callee, caller)
                there.join()

    @contextlib.contextmanager
    def _held(self, *sockets: socket.socket) -> Iterator[None]:
        with self._lock:
            self._open.update(sockets)
        try:
            yield
        finally:
            with self._lock:
                self._open.difference_update(sockets)


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until the source ends, then shut down the target's sending half."""
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
