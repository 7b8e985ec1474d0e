"""The state that all connections of a worker share."""

import asyncio
from time import gmtime, strftime
from typing import Protocol

from modelwharf.serving.app import App
from modelwharf.serving.application import Application
from modelwharf.serving.head_cache import HeadCache
from modelwharf.serving.limits import CONNECTIONS
from modelwharf.serving.micro_batch import MicroBatch


class OpenConnection(Protocol):
    """A connection as the server sees it: see ``connection.Connection``."""

    transport: asyncio.Transport

    def check_time(self, now: int) -> None: ...
    def idle(self) -> bool: ...
    def shutdown(self) -> None: ...


class WorkerState:
    """The application, its resources, and the caches that outlive a request."""

    def __init__(self, app: Application, *, most: int = CONNECTIONS) -> None:
        self.app = app
        self.exchanges = app.exchanges if isinstance(app, App) else None
        self.pool = app.pool
        self.journal = app.journal
        self.most = most
        """More connections than these are refused."""
        self.connections: set[OpenConnection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.ending = False
        """Whether each response is the last of its connection."""
        self.batch = MicroBatch()
        self.heads = HeadCache()
        self.known = self.heads.known
        self.tell_time()

    def tell_time(self) -> None:
        """Renew the line with the date, which every response has. Called once a second."""
        self.date = strftime("date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime()).encode()
