"""``python -m inference serve``: the entry point of the inference image."""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import uvicorn

from contracts.privileges import TREE, leave_root
from inference.app import App
from inference.asgi import Application
from inference.forecast.forecaster import Forecaster
from inference.multi_model import MultiModelApp
from inference.served import ModelBroken
from inference.settings import BadSetting, Settings

LOG = logging.getLogger("inference")
SHUTDOWN_SECONDS = 20  # SageMaker kills 30 s after SIGTERM


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM; the exit code. A model that cannot be loaded ends the server."""
    if list(arguments) != ["serve"]:
        given = " ".join(arguments) or "nothing"
        print(f"usage: python -m inference serve (given: {given})", file=sys.stderr)
        return 2
    # As the first process of a container, a signal without a handler would be ignored. Later
    # uvicorn closes first and then raises the signal again. To end on request is a success.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(name)s: %(message)s"
    )
    try:
        settings = Settings.of(os.environ)
        stays = leave_root_behind(settings)
        if stays:
            LOG.warning(stays)
        listener = listen(settings)
    except (BadSetting, OSError) as error:
        LOG.error("cannot serve: %s", error)
        return 1
    return _serve(settings, listener)


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


def listen(settings: Settings) -> socket.socket:
    """Take the port. Raises OSError when another program has it."""
    listener = socket.create_server((settings.host, settings.port), reuse_port=False)
    # Accepted sockets inherit it. asyncio sets it on sockets that name TCP, which these do not,
    # and then an answer's body waits 40 ms for the client to acknowledge its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    host, port = listener.getsockname()[:2]
    LOG.info("listening on http://%s:%d", host, port)
    return listener


def _serve(settings: Settings, listener: socket.socket) -> int:
    app: Application = MultiModelApp.of(settings) if settings.multi_model else App()
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = uvicorn.Server(config)
    failures: list[str] = []

    def end(failure: str) -> None:
        failures.append(failure)
        server.should_exit = True

    def load(app: App) -> None:
        try:
            app.forecaster = Forecaster.load(settings.model)
            LOG.info("serving %s", ", ".join(app.forecaster.contract.products))
        except ModelBroken as error:
            end(str(error))
        except Exception as error:
            LOG.exception("loading the model failed")
            end(f"{type(error).__name__}: {error}")

    if isinstance(app, App):
        threading.Thread(target=load, args=(app,), name="load", daemon=True).start()
    server.run(sockets=[listener])
    for failure in failures:
        LOG.error("cannot serve: %s", failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
