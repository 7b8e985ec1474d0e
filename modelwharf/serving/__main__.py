"""``python -m modelwharf.serving serve``: the entry point of an inference image."""

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from modelwharf.artifact.privileges import TREE, leave_root
from modelwharf.serving.allocator import prefault, release_memory, use_one_arena
from modelwharf.serving.cores import cores
from modelwharf.serving.footprint import prefault_size
from modelwharf.serving.kinds import TABLE, Find
from modelwharf.serving.limits import BACKLOG
from modelwharf.serving.loading import Loading
from modelwharf.serving.served import ModelBroken
from modelwharf.serving.settings import BadSetting, Settings
from modelwharf.serving.workers import Workers

LOG = logging.getLogger("inference")
PATIENCE = 0.5  # seconds that pings wait for imports; a folder on a network may take longer


def main(arguments: Sequence[str], find: Find = TABLE.find, *, program: str = __package__) -> int:
    """Serve until SIGTERM and return the exit code. A model that cannot be loaded ends the server.

    ``find`` imports what the folder's model needs and returns the function that loads it.
    """
    if list(arguments) != ["serve"]:
        given = " ".join(arguments) or "nothing"
        print(f"usage: python -m {program} serve (given: {given})", file=sys.stderr)
        return 2
    # The first process of a container ignores a signal that has no handler. Ending on request is a
    # success.
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
    """Return the number of worker processes. Raises BadSetting for more than are possible."""
    if settings.multi_model:  # SageMaker loads models into the one process it talks to
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
    """``modelwharf.artifact.privileges.leave_root``."""

    def __call__(
        self, tree: Path, *, reads: Iterable[Path], writes: Iterable[Path]
    ) -> str | None: ...


def leave_root_behind(settings: Settings, leave: LeaveRoot = leave_root) -> str | None:
    """Drop root's rights in a container. Returns the reason when root is kept."""
    if settings.base != TREE:
        return None
    if settings.multi_model:
        if os.geteuid() != 0:
            return None
        return "stays root: who may read the models that SageMaker brings later is not known yet"
    return leave(TREE, reads=(settings.model,), writes=())


def listen(settings: Settings, count: int = 1) -> list[socket.socket]:
    """Listen on the port ``count`` times: each worker has a listener, and the kernel distributes
    the connections among them. Raises BadSetting when another program has the port.
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
        # The port is not shared at first. Otherwise a port that another server shares with its own
        # workers would look free.
        first.close()
        listeners = [
            socket.create_server((host, port), reuse_port=True, backlog=BACKLOG)
            for _ in range(count)
        ]
    for listener in listeners:
        # Accepted sockets inherit it. asyncio sets it only on sockets created with the protocol
        # number of TCP, which these are not. Without it, the body of a response waits 40 ms for the
        # client to acknowledge the head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    LOG.info("listening on http://%s:%d", host, port)
    return listeners


def _serve(settings: Settings, listeners: list[socket.socket], find: Find) -> int:
    use_one_arena()
    if settings.multi_model:
        _serve_many(settings, listeners[0], find)
        return 0
    # Objects that exist before the fork stay. Scanning them for garbage again and again would cost
    # pauses, and writes to pages that the workers share.
    gc.disable()
    loading = Loading(lambda: find(settings.model))
    prefault(prefault_size(settings.model), enough=loading.found)
    loading.found(PATIENCE)
    # Imported while the model loads, and not before: only pings need them until then.
    from modelwharf.serving.app import App
    from modelwharf.serving.journal import Journal
    from modelwharf.serving.server import run, wait_for

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
    release_memory()  # loading a forest of 90 MiB took 235 MiB

    def serve(listener: socket.socket, alive: int | None = None) -> None:
        app = App(model, journal=Journal(settings.access_log), parallel=len(listeners))
        run(app, listener, alive=alive)

    if len(listeners) == 1:
        serve(listeners[0])
        return 0
    LOG.info("%d workers", len(listeners))
    return Workers(listeners, serve).run()


def _serve_many(settings: Settings, listener: socket.socket, find: Find) -> None:
    from modelwharf.serving.multi_model import MultiModelApp
    from modelwharf.serving.server import run

    run(MultiModelApp.of(settings, lambda folder: find(folder)()), listener)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
