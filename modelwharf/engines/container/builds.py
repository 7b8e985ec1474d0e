"""Build outside a release, with the same client and the same options as a release's build."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelwharf.engines.container import base_image
from modelwharf.engines.container.build_options import adapted, with_own_dockerfile
from modelwharf.engines.container.build_secrets import build_secrets
from modelwharf.engines.container.command_line import (
    CommandLine,
    NoCommandLine,
    find_command_line,
)
from modelwharf.engines.container.connection import Connection
from modelwharf.engines.engine import BuildError, BuildRequest, LogSink

NAME = "localhost/modelwharf/build"
LAST_LINES = 15


def build(
    connection: Connection, request: BuildRequest, machine: Mapping[str, str], log: LogSink
) -> Mapping[str, Any]:
    """Build, and return the image as the engine describes it.

    ``machine`` is the result of machine_variables. Raises BuildError with the build's last lines,
    ImageMissing, EngineLost.
    """
    try:
        client = find_command_line(connection.address, connection.is_podman, machine)
    except NoCommandLine as error:
        raise BuildError(str(error)) from None

    def local_base(reference: str, platform: str) -> str:
        return base_image.local_name(connection, reference, platform, log)

    environment = {"SOURCE_DATE_EPOCH": "0", "BUILDKIT_PROGRESS": "plain", **client.environment}
    with tempfile.TemporaryDirectory() as folder:
        identity = Path(folder) / "id"
        given = [*build_secrets(os.environ, Path(folder)), *_words(request, identity)]
        words = adapted(given, client, environment, local_base, log)
        if client.is_podman:
            words = with_own_dockerfile(words, Path(folder))
        _run(client, words, environment, request.context, log)
        built = identity.read_text().strip()
    found = base_image.inspect(connection, built)
    if found is None:
        raise BuildError(f"{request.dockerfile}: the image {built} was built, and is gone again")
    return found


def _words(request: BuildRequest, identity: Path) -> list[str]:
    # Its own name keeps the image when unnamed images are pruned.
    place = hashlib.sha256(str(request.dockerfile.resolve()).encode()).hexdigest()
    words = ["--file", str(request.dockerfile.resolve()), "--iidfile", str(identity)]
    words += ["--tag", f"{NAME}:{place[:12]}"]
    if request.platform:
        words += ["--platform", request.platform]
    for name, value in request.arguments.items():
        words += ["--build-arg", f"{name}={value}"]
    return [*words, str(request.context.resolve())]


def _run(
    client: CommandLine,
    words: list[str],
    environment: Mapping[str, str],
    context: Path,
    log: LogSink,
) -> None:
    # Podman looks for the Dockerfile's path below the working folder before the context.
    last: list[str] = []
    with subprocess.Popen(
        [*client.words, "build", *words],
        env=dict(environment),
        cwd=context,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as child:
        for line in child.stdout or ():
            log(line.rstrip("\n"))
            last = [*last, line.rstrip("\n")][-LAST_LINES:]
    if child.returncode:
        raise BuildError("\n".join(last) or f"docker build ended with {child.returncode}")
