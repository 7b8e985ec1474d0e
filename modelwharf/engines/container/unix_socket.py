"""Close the SDK's Unix socket when no server answers on it.

docker 7.2.0 leaves this to the garbage collector.
"""

import socket
from collections.abc import Mapping
from typing import Any

from docker import APIClient
from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool

SCHEME = "http+docker://"


def close_unanswered(client: APIClient) -> None:
    """Make a client of a Unix socket close it when it cannot connect; others need nothing."""
    internals: Any = client
    adapter = internals._custom_adapter
    if isinstance(adapter, UnixHTTPAdapter):
        adapter.close()
        internals._custom_adapter = _Adapter(adapter.socket_path, client.timeout)
        client.mount(SCHEME, internals._custom_adapter)


class _Connection(UnixHTTPConnection):
    def connect(self) -> None:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(self.timeout)
            line.connect(self.unix_socket)
        except OSError:
            line.close()
            raise
        self.sock = line


class _Adapter(UnixHTTPAdapter):
    def get_connection(
        self, url: str | bytes, proxies: Mapping[str, str] | None = None
    ) -> UnixHTTPConnectionPool:
        pool = super().get_connection(url, proxies)
        internals: Any = pool
        internals._new_conn = lambda: _Connection(
            internals.base_url, internals.socket_path, internals.timeout
        )
        return pool
