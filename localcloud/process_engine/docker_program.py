"""``docker`` inside a build, where the process engine is the engine.

It does what a build of an image needs, ``login``, ``build`` and ``push``, and refuses the
rest by name. ``push`` speaks to ECR with the build role's own credentials, call by call as
the real client does, so that the role's policy is judged as it is on AWS.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.engine import BuildError, BuildRequest, Engine, ImageMissing
from localcloud.process_engine import ProcessEngine, default_cache
from localcloud.process_engine.engine import IMAGES, STATE
from localcloud.process_engine.image_store import ImageStore
from localcloud.processes import Processes

_REGISTRY = r"(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)"
_REPOSITORY = r"(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)"
IMAGE_URI = re.compile(rf"{_REGISTRY}/{_REPOSITORY}(?::(?P<tag>[\w][\w.-]{{0,127}}))?")


class Refused(Exception):
    """The command cannot be done; the message is for the build's log."""


class Docker:
    """The client's state: who is logged in, and what each local tag names."""

    def __init__(self, state: Path, store: ImageStore, engine: Engine, ecr: Callable[[str], Any]):
        self._state = state
        self._store = store
        self._engine = engine
        self._ecr = ecr

    def login(self, registry: str, user: str, password: str) -> str:
        if user != "AWS" or not password.strip():
            raise Refused(f"login to {registry}: give user AWS and the password of `aws ecr`")
        self._write("logins", {**self._read("logins"), registry: user})
        return "Login Succeeded"

    def build(self, request: BuildRequest, tags: Sequence[str]) -> str:
        image = self._engine.build(request, print)
        self._write("tags", {**self._read("tags"), **{_tagged(tag): image.digest for tag in tags}})
        return f"built {image.digest}"

    def push(self, name: str) -> str:
        match = IMAGE_URI.fullmatch(name)
        if match is None:
            raise Refused(
                f"push {name}: the laptop's cloud has only ECR; give "
                "<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>"
            )
        image = self._read("tags").get(_tagged(name))
        if image is None:
            raise Refused(f"An image does not exist locally with the tag: {name}")
        if match["registry"] not in self._read("logins"):
            raise Refused(f"push access denied to {match['registry']}: no basic auth credentials")
        return self._push(image, match["region"], match["repository"], match["tag"] or "latest")

    def _push(self, image: str, region: str, repository: str, tag: str) -> str:
        ecr = self._ecr(region)
        blobs = self._store.find(image).blobs()
        answer = ecr.batch_check_layer_availability(
            repositoryName=repository, layerDigests=sorted(blobs)
        )
        there = {
            layer["layerDigest"]
            for layer in answer["layers"]
            if layer["layerAvailability"] == "AVAILABLE"
        }
        for digest in sorted(set(blobs) - there):
            _upload(ecr, repository, digest, blobs[digest])
        ecr.put_image(
            repositoryName=repository, imageManifest=self._store.manifest(image), imageTag=tag
        )
        return f"{tag}: digest: {image}"

    def _read(self, name: str) -> dict[str, str]:
        path = self._state / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def _write(self, name: str, content: dict[str, str]) -> None:
        self._state.mkdir(parents=True, exist_ok=True)
        (self._state / f"{name}.json").write_text(json.dumps(content))


def _upload(ecr: Any, repository: str, digest: str, blob: bytes) -> None:
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository,
        uploadId=upload,
        partFirstByte=0,
        partLastByte=len(blob) - 1,
        layerPartBlob=blob,
    )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])


def _tagged(name: str) -> str:
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


class _Parser(argparse.ArgumentParser):
    """An unknown flag or command is named, with what there is instead."""

    def error(self, message: str) -> NoReturn:
        raise Refused(f"{message}; the process engine's docker does: login, build, push")


def parser() -> argparse.ArgumentParser:
    top = _Parser(prog="docker", allow_abbrev=False)
    commands = top.add_subparsers(dest="command", required=True, parser_class=_Parser)
    login = commands.add_parser("login", allow_abbrev=False)
    login.add_argument("-u", "--username", required=True)
    login.add_argument("--password-stdin", action="store_true", required=True)
    login.add_argument("registry")
    build = commands.add_parser("build", allow_abbrev=False)
    build.add_argument("-t", "--tag", action="append", default=[])
    build.add_argument("-f", "--file", type=Path)
    build.add_argument("--build-arg", action="append", default=[])
    build.add_argument("--platform")
    build.add_argument("--provenance", choices=["false"])
    build.add_argument("--output", choices=["type=image,oci-mediatypes=false", "type=image"])
    build.add_argument("context", type=Path)
    push = commands.add_parser("push", allow_abbrev=False)
    push.add_argument("image")
    return top


def run(docker: Docker, words: Sequence[str], stdin: IO[str]) -> str:
    """Do one command. Raises Refused, BuildError, ImageMissing or what AWS answered."""
    given = parser().parse_args(list(words))
    if given.command == "login":
        return docker.login(given.registry.removeprefix("https://"), given.username, stdin.read())
    if given.command == "push":
        return docker.push(given.image)
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
    return BuildRequest(given.context, dockerfile, arguments, given.platform)


def main() -> int:
    store = ImageStore(Path(os.environ[IMAGES]))
    engine = ProcessEngine(store, default_cache(), Processes())
    docker = Docker(
        Path(os.environ[STATE]),
        store,
        engine,
        lambda region: boto3.client("ecr", region_name=region),
    )
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        print(run(docker, sys.argv[1:], sys.stdin))
    except (Refused, BuildError, ImageMissing, ClientError, BotoCoreError) as error:
        print(f"docker: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
