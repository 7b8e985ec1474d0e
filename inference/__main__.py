"""``python -m inference serve``: the entry point of the inference image."""

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from contracts.privileges import TREE, leave_root
from inference.artifact import loader
from inference.cores import cores
from inference.footprint import ahead_of_trees
from inference.heap import give_back, share_one_heap, take_ahead
from inference.lean import leave_out_command_line
from inference.loading import Loading
from inference.served import ModelBroken, Served
from inference.settings import BadSetting, Settings
from inference.workers import Workers

LOG = logging.getLogger("inference")
Find = Callable[[Path], Callable[[], Served]]
PATIENCE = 0.5  # seconds that pings wait for imports; a folder on a network may take longer
BACKLOG = 2048  # connections that wait to be accepted


def main(arguments: Sequence[str], find: Find = loader) -> int:
    """Serve until SIGTERM; the exit code. A model that cannot be loaded ends the server.

    ``find`` imports what the folder's model needs, and returns what loads it.
    """
    if list(arguments) != ["serve"]:
        given = " ".join(arguments) or "nothing"
        print(f"usage: python -m inference serve (given: {given})", file=sys.stderr)
        return 2
    # As the first process of a container, a signal without a handler would be ignored. To end on
    # request is a success.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: sys.exit(0))
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(name)s: %(message)s"
    )
    try:
        settings = Settings.of(os.environ)
        stays = leave_root_behind(settings)
        if stays:
            LOG.warning(stays)
        listeners = listen(settings, workers_of(settings))
    except (BadSetting, OSError) as error:
        LOG.error("cannot serve: %s", error)
        return 1
    return _serve(settings, listeners, find)


def workers_of(settings: Settings, platform: str = sys.platform) -> int:
    """How many processes serve. Raises BadSetting for more than there can be."""
    if settings.multi_model:  # SageMaker loads a model into the one process that it speaks to
        return 1
    if platform != "linux":
        if settings.workers not in (None, 1):
            raise BadSetting(
                f"WHARF_WORKERS is {settings.workers}; on {platform} it must be 1: Linux alone "
                "shares a port's connections out among processes"
            )
        return 1
    return settings.workers or cores()


class LeaveRoot(Protocol):
    """``contracts.privileges.leave_root``."""

    def __call__(
        self, tree: Path, *, reads: Iterable[Path], writes: Iterable[Path]
    ) -> str | None: ...


def leave_root_behind(settings: Settings, leave: LeaveRoot = leave_root) -> str | None:
    """Go on without the rights of root, in a container; why not, when root is kept."""
    if settings.base != TREE:
        return None
    if settings.multi_model:
        if os.geteuid() != 0:
            return None
        return "stays root: who may read the models that SageMaker brings later is not known yet"
    return leave(TREE, reads=(settings.model,), writes=())


def listen(settings: Settings, count: int = 1) -> list[socket.socket]:
    """Take the port, ``count`` times: each worker has a listener, and the kernel shares out the
    connections. Raises BadSetting when another program has it.
    """
    try:
        first = socket.create_server((settings.host, settings.port), backlog=BACKLOG)
    except OSError as error:
        raise BadSetting(
            f"{settings.host}:{settings.port}: {error.strerror}; SAGEMAKER_BIND_TO_HOST and "
            "SAGEMAKER_BIND_TO_PORT name another address of this machine, or another port"
        ) from None
    host, port = first.getsockname()[:2]
    listeners = [first]
    if count > 1:
        # Not shared at first, so that a port which another server shares with nobody but its
        # own workers is found taken.
        first.close()
        listeners = [
            socket.create_server((host, port), reuse_port=True, backlog=BACKLOG)
            for _ in range(count)
        ]
    for listener in listeners:
        # Accepted sockets inherit it. asyncio sets it on sockets that name TCP, which these do
        # not, and then an answer's body waits 40 ms for the client to acknowledge its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    LOG.info("listening on http://%s:%d", host, port)
    return listeners


def _serve(settings: Settings, listeners: list[socket.socket], find: Find) -> int:
    share_one_heap()
    leave_out_command_line()
    if settings.multi_model:
        _serve_many(settings, listeners[0])
        return 0
    # What is in memory by the time of the fork stays: to look through it for garbage, again and
    # again, would cost pauses, and writes to pages that the workers share.
    gc.disable()
    loading = Loading(lambda: find(settings.model))
    take_ahead(ahead_of_trees(settings.model), enough=loading.found)
    loading.found(PATIENCE)
    # While the model loads, to answer pings, and not before.
    from inference.app import App
    from inference.journal import Journal
    from inference.server import run, wait_for

    try:
        model = wait_for(loading, listeners)
    except ModelBroken as error:
        LOG.error("cannot serve: %s", error)
        return 1
    except Exception as error:
        LOG.exception("loading the model failed")
        LOG.error("cannot serve: %s: %s", type(error).__name__, error)
        return 1
    LOG.info("serving %s", model.description)
    gc.freeze()
    gc.enable()
    give_back()  # a forest of 90 MiB took 235 while it was loaded

    def serve(listener: socket.socket, alive: int | None = None) -> None:
        app = App(model, journal=Journal(settings.access_log), parallel=len(listeners))
        run(app, listener, alive=alive)

    if len(listeners) == 1:
        serve(listeners[0])
        return 0
    LOG.info("%d workers", len(listeners))
    return Workers(listeners, serve).run()


def _serve_many(settings: Settings, listener: socket.socket) -> None:
    from inference.multi_model import MultiModelApp
    from inference.server import run

    run(MultiModelApp.of(settings), listener)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
