"""The ``docker`` command inside a build, when the engine is Docker or podman.

The engine's own store replaces ECR: ``build`` is the real client's; ``push`` tells ECR about the
image and leaves its layers in the store.
"""

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from modelwharf.engines.container import base_image
from modelwharf.engines.container.build_options import adapted, with_own_dockerfile
from modelwharf.engines.container.command_line import (
    DOCKER_HOST,
    IMAGES,
    MACHINE,
    STATE,
    CommandLine,
    NoCommandLine,
    find_command_line,
)
from modelwharf.engines.container.connection import CALL, Connection, NoEngine, connect
from modelwharf.engines.container.image_store import ImageStore
from modelwharf.engines.engine import BuildError, EngineLost, ImageMissing
from modelwharf.engines.image_push import IMAGE_URI, Pushable, Refused, RegistryClient

PASSED_ON = (
    ("build",),
    ("buildx", "version"),
    ("history",),
    ("image", "inspect"),
    ("image", "ls"),
    ("images",),
    ("info",),
    ("inspect",),
    ("pull",),
    ("tag",),
    ("version",),
)
"""The commands that the engine's own client runs, besides ``login`` and ``push``.

They change nothing on this machine that a build did not make.
"""

KNOWN = (
    BuildError, Refused, ImageMissing, EngineLost, NoCommandLine, ClientError, BotoCoreError,
)  # fmt: skip
Execute = Callable[[Sequence[str], Mapping[str, str]], int]


class Docker:
    """One command of a build. ``execute`` runs the real client and returns its exit code.

    ``connection`` and ``client`` are called when they are needed: a login needs no engine.
    """

    def __init__(
        self,
        connection: Callable[[], Connection],
        images: ImageStore,
        registry: RegistryClient,
        client: Callable[[], CommandLine],
        execute: Execute,
    ) -> None:
        self._connection = connection
        self._images = images
        self._registry = registry
        self._client = client
        self._execute = execute

    def run(self, words: Sequence[str], environment: Mapping[str, str], stdin: IO[str]) -> int:
        """Run the command and return its exit code.

        Raises Refused, BuildError, ImageMissing, EngineLost, NoCommandLine, or AWS's errors.
        """
        match words:
            case ["login", *options]:
                print(self._login(options, stdin))
            case ["push", name]:
                print(self._registry.push(name, self._find))
            case ["pull", *_, name] if IMAGE_URI.fullmatch(name):
                raise Refused(f"pull {name}: images are in this engine already; build from it")
            case ["build", *options]:
                return self._build(options, environment)
            case _ if any(tuple(words[: len(known)]) == known for known in PASSED_ON):
                return self._pass_on(words, environment)
            case _:
                known = ", ".join(["login", "push", *map(" ".join, PASSED_ON)])
                raise Refused(
                    f"{shlex.join(words)!r} is not done in a build on the laptop; it has: {known}"
                )
        return 0

    def _login(self, options: Sequence[str], stdin: IO[str]) -> str:
        match options:
            case ["--username" | "-u", user, "--password-stdin", registry] | [
                "--password-stdin",
                "--username" | "-u",
                user,
                registry,
            ]:
                return self._registry.login(registry.removeprefix("https://"), user, stdin.read())
        raise Refused(
            f"login {shlex.join(options)}: write `docker login --username AWS --password-stdin "
            "<account>.dkr.ecr.<region>.amazonaws.com`"
        )

    def _find(self, name: str) -> Pushable:
        inspected = base_image.inspect(self._connection(), name)
        if inspected is None:
            raise Refused(f"An image does not exist locally with the tag: {name}")
        return self._images.pushable(self._images.remember(inspected).digest)

    def _build(self, options: Sequence[str], environment: Mapping[str, str]) -> int:
        client = self._client()
        if "--help" not in options:
            options = adapted(options, client, environment, self._local_base, print)
            if client.is_podman:
                options = with_own_dockerfile(options, Path(environment[STATE]))
        return self._pass_on(["build", *options], environment)

    def _local_base(self, reference: str, platform: str) -> str:
        return base_image.local_name(self._connection(), reference, platform, print)

    def _pass_on(self, words: Sequence[str], environment: Mapping[str, str]) -> int:
        client = self._client()
        given = {"BUILDKIT_PROGRESS": "plain", **environment, **client.environment}
        return self._execute([*client.words, *words], given)


def _become(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the client in this process: a signal that stops a build then stops it as well."""
    sys.stdout.flush()
    os.execve(words[0], list(words), dict(environment))  # noqa: S606 - no shell is meant


def _ecr(region: str) -> Any:
    return boto3.client("ecr", region_name=region)


def main() -> int:
    machine: dict[str, str] = json.loads(os.environ[MACHINE])
    os.environ["DOCKER_CONFIG"] = machine["DOCKER_CONFIG"]  # the SDK's credentials for a pull
    named = {**machine, DOCKER_HOST: os.environ[DOCKER_HOST]}

    @cache
    def connection() -> Connection:
        # The engine is present; during builds it only answers more slowly.
        return connect(named, timeout=CALL)

    @cache
    def client() -> CommandLine:
        return find_command_line(connection().address, connection().is_podman, machine)

    docker = Docker(
        connection,
        ImageStore(Path(os.environ[IMAGES])),
        RegistryClient(Path(os.environ[STATE]), _ecr),
        client,
        _become,
    )
    try:
        return docker.run(sys.argv[1:], os.environ, sys.stdin)
    except NoEngine as error:
        text = f"the container engine does not answer: {error}"
    except KNOWN as error:
        text = str(error)
    print(f"docker: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
