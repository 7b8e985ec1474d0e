"""Select the engine that builds and runs images on this machine."""

import logging
import os
from pathlib import Path

from modelwharf.engines.container import Connection, ContainerEngine, NoEngine, connect
from modelwharf.engines.container.connection import PING
from modelwharf.engines.container.image_store import ImageStore as ContainerImages
from modelwharf.engines.engine import Engine
from modelwharf.engines.process import ProcessEngine, default_cache
from modelwharf.engines.process.image_store import ImageStore as ProcessImages
from modelwharf.engines.processes import Processes

ENGINES = ("docker", "process")
log = logging.getLogger("modelwharf.engines.choice")
CONNECT_TIMEOUT = 30.0  # seconds for an engine that the user named, on a busy machine


class NoSuchEngine(Exception):
    """The requested engine is not available; the message says what to type."""


def _connected(at_first: float, at_most: float) -> Connection:
    """Connect; an engine that is present but silent is busy and gets more time. Raises NoEngine."""
    try:
        return connect(timeout=at_first)
    except NoEngine as error:
        if error.busy is None or at_first >= at_most:
            raise
        return connect(timeout=at_most)


def choose(
    requested: str | None, directory: Path, processes: Processes, timeout: float = CONNECT_TIMEOUT
) -> Engine:
    """Return the requested engine; by default containers, when a container engine answers.

    The engine keeps its images in ``directory``. Raises NoSuchEngine.
    """
    images = directory / "images"
    if requested == "process":
        return ProcessEngine(ProcessImages(images), default_cache(), processes)
    named = requested == "docker" or bool(os.environ.get("DOCKER_HOST"))
    try:
        connection = _connected(timeout if named else PING, timeout)
    except NoEngine as error:
        if error.busy is not None:
            raise NoSuchEngine(
                f"the container engine at {error.busy} is there, but did not answer within "
                f"{timeout:g} s: wait until it is less busy and type the command again, or use "
                "`--engine process`"
            ) from None
        if requested == "docker":
            raise NoSuchEngine(
                f"{error.summary}. Start one (`systemctl start docker`, "
                "`podman system service -t 0`, or Docker Desktop), name its socket in "
                "DOCKER_HOST, or use `--engine process`"
            ) from None
        found = ProcessEngine(ProcessImages(images), default_cache(), processes)
        found.description = f"process ({error.summary})"
        log.info("no container engine: %s", error)
        return found
    return ContainerEngine(connection, ContainerImages(images), processes, str(directory.resolve()))
