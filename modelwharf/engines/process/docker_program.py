"""The ``docker`` command inside a build, when the engine is the process engine.

It supports the commands that a build of an image needs, ``login``, ``build``, ``push`` and an
inspection of the result, and refuses the rest by name.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from modelwharf.engines.engine import BuildError, BuildRequest, Engine, ImageMissing
from modelwharf.engines.image_push import Pushable, Refused, RegistryClient
from modelwharf.engines.process import ProcessEngine, default_cache
from modelwharf.engines.process.base import python_digest
from modelwharf.engines.process.engine import IMAGES, STATE
from modelwharf.engines.process.image_store import ImageStore
from modelwharf.engines.processes import Processes

COMMANDS = "login, build, push, tag, image inspect --format '{{.Os}}/{{.Architecture}}'"
BASE_ARGUMENT = "BASE_IMAGE"
PLATFORM_FORMAT = "{{.Os}}/{{.Architecture}}"


class Docker:
    """The client's state: the logins, and the image of each local tag."""

    def __init__(
        self, state: Path, store: ImageStore, engine: Engine, registry: RegistryClient
    ) -> None:
        self._tags = state / "tags.json"
        self._store = store
        self._engine = engine
        self.registry = registry

    def build(self, request: BuildRequest, tags: Sequence[str]) -> str:
        image = self._engine.build(request, print)
        self._remember(dict.fromkeys(tags, image.digest))
        return f"built {image.digest}"

    def tag(self, name: str, other: str) -> str:
        self._remember({other: self._digest(name)})
        return f"tagged {other}"

    def platform(self, name: str) -> str:
        return self._engine.config(self._digest(name)).platform

    def find(self, name: str) -> Pushable:
        """Return the image of a local tag for a push. Raises Refused."""
        digest = self._digest(name)
        return Pushable(digest, self._store.manifest(digest), self._store.find(digest).blobs())

    def _digest(self, name: str) -> str:
        digest = self._known().get(_tagged(name))
        if digest is None:
            raise Refused(f"An image does not exist locally with the tag: {name}")
        return digest

    def _known(self) -> dict[str, str]:
        return json.loads(self._tags.read_text()) if self._tags.exists() else {}

    def _remember(self, names: dict[str, str]) -> None:
        named = {_tagged(name): digest for name, digest in names.items()}
        self._tags.parent.mkdir(parents=True, exist_ok=True)
        self._tags.write_text(json.dumps({**self._known(), **named}))


def _tagged(name: str) -> str:
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


class _Parser(argparse.ArgumentParser):
    """A parser that names an unknown flag or command, and the supported ones."""

    def error(self, message: str) -> NoReturn:
        raise Refused(f"{message}; the process engine's docker does: {COMMANDS}")


def parser() -> argparse.ArgumentParser:
    top = _Parser(prog="docker", allow_abbrev=False)
    commands = top.add_subparsers(dest="command", required=True, parser_class=_Parser)
    login = commands.add_parser("login", allow_abbrev=False)
    login.add_argument("-u", "--username", required=True)
    login.add_argument("--password-stdin", action="store_true", required=True)
    login.add_argument("registry")
    _add_build(commands.add_parser("build", allow_abbrev=False))
    push = commands.add_parser("push", allow_abbrev=False)
    push.add_argument("image")
    tag = commands.add_parser("tag", allow_abbrev=False)
    tag.add_argument("image")
    tag.add_argument("other")
    image = commands.add_parser("image", allow_abbrev=False)
    of_image = image.add_subparsers(dest="image_command", required=True, parser_class=_Parser)
    inspect = of_image.add_parser("inspect", allow_abbrev=False)
    inspect.add_argument("-f", "--format", choices=[PLATFORM_FORMAT], required=True)
    inspect.add_argument("image")
    return top


def _add_build(build: argparse.ArgumentParser) -> None:
    build.add_argument("-t", "--tag", action="append", default=[])
    build.add_argument("-f", "--file", type=Path)
    build.add_argument("--build-arg", action="append", default=[])
    build.add_argument("--platform")
    without = build.add_argument_group("taken, and without effect here")
    without.add_argument("--cache-from", action="append")
    without.add_argument("--secret", action="append", help="RUN has this machine's own pip")
    without.add_argument("--progress")
    without.add_argument("--provenance", choices=["false"])
    without.add_argument("--output", choices=["type=image,oci-mediatypes=false", "type=image"])
    build.add_argument("context", type=Path)


def run(docker: Docker, words: Sequence[str], stdin: IO[str]) -> str:
    """Run one command. Raises Refused, BuildError, ImageMissing or AWS's errors."""
    given = parser().parse_args(list(words))
    if given.command == "login":
        registry = given.registry.removeprefix("https://")
        return docker.registry.login(registry, given.username, stdin.read())
    if given.command == "push":
        return docker.registry.push(given.image, docker.find)
    if given.command == "tag":
        return docker.tag(given.image, given.other)
    if given.command == "image":
        return docker.platform(given.image)
    return docker.build(_request(given), given.tag)


def _request(given: argparse.Namespace) -> BuildRequest:
    dockerfile = given.file or given.context / "Dockerfile"
    if not given.context.is_dir():
        raise Refused(f"build: the context {given.context} is not a folder")
    if not dockerfile.is_file():
        raise Refused(f"build: there is no Dockerfile at {dockerfile}")
    if given.platform not in (None, "linux/amd64", "linux/arm64"):
        raise Refused(f"build: platform {given.platform!r}; use linux/amd64")
    pairs = [word.partition("=") for word in given.build_arg]
    arguments = {
        name: value if equals else os.environ.get(name, "") for name, equals, value in pairs
    }
    if BASE_ARGUMENT in arguments:
        arguments[BASE_ARGUMENT] = _without_digest(arguments[BASE_ARGUMENT])
    return BuildRequest(given.context, dockerfile, arguments, given.platform)


def _without_digest(base: str) -> str:
    name, _, digest = base.partition("@")
    if digest not in ("", python_digest()):
        print(f"{base}: no base image is looked for; this machine's own Python stands in for it")
    return name


def _ecr(region: str) -> Any:
    import boto3  # here: only a push needs it, and the import is most of the start time

    return boto3.client("ecr", region_name=region)


def main() -> int:
    store = ImageStore(Path(os.environ[IMAGES]))
    state = Path(os.environ[STATE])
    registry = RegistryClient(state, _ecr)
    engine = ProcessEngine(store, default_cache(), Processes())
    docker = Docker(state, store, engine, registry)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        print(run(docker, sys.argv[1:], sys.stdin))
    except (Refused, BuildError, ImageMissing, ClientError, BotoCoreError) as error:
        print(f"docker: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
