"""The state that all connections of a worker share."""

from modelwharf.serving.app import App
from modelwharf.serving.asgi import Application
from modelwharf.serving.head_cache import HeadCache
from modelwharf.serving.limits import CONNECTIONS
from modelwharf.serving.micro_batch import MicroBatch


class WorkerState:
    """The application, its resources, and the caches that outlive a request."""

    def __init__(self, app: Application, *, connections: int = CONNECTIONS) -> None:
        self.app = app
        self.exchanges = app.exchanges if isinstance(app, App) else None
        self.pool = app.pool
        self.journal = app.journal
        self.connections = connections
        self.ending = False
        """Whether each response is the last of its connection."""
        self.batch = MicroBatch()
        self.heads = HeadCache()
        self.known = self.heads.known
        self._headers: list[tuple[bytes, bytes]] = []
        self._lines = b""

    def lines(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Return the headers of every response as bytes. uvicorn makes a new list once a second."""
        if headers is not self._headers:
            self._headers = headers
            self._lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return self._lines
