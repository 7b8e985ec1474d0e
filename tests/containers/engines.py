"""The container engine under test, as a person uses it: its command line, its socket, a folder."""

import ast
import io
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

from modelwharf.engines.container.command_line import (
    CommandLine,
    find_command_line,
    machine_variables,
)
from tests.waiting import HUNG, patience

PYTHON_BASE = "public.ecr.aws/docker/library/python:3.12-slim"
DEBIAN_BASE = "public.ecr.aws/docker/library/debian:bookworm-slim"
BASES = (PYTHON_BASE, DEBIAN_BASE)

ML = "/opt/ml"
PORT = 8080  # what SageMaker's serving contract asks for
PING = 15  # seconds an idle machine's engine has to answer; podman takes some while it builds
LABEL = "modelwharf.tests"
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy")


def addresses(environment: Mapping[str, str]) -> list[str]:
    """Where an engine may listen: what DOCKER_HOST names, and otherwise the default sockets."""
    if named := environment.get("DOCKER_HOST"):
        return [named]
    runtime = environment.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    sockets = ("/var/run/docker.sock", "/run/podman/podman.sock", f"{runtime}/podman/podman.sock")
    return [f"unix://{path}" for path in sockets if Path(path).exists()]


def answering(environment: Mapping[str, str]) -> "ContainerEngine | None":
    """The first engine that answers, or None."""
    for address in addresses(environment):
        if not listens(address):  # the SDK would leave its socket open
            continue
        try:
            client = docker.DockerClient(base_url=address, timeout=math.ceil(patience(PING)))
            version = client.version()
        except DockerException:
            continue
        client.api.timeout = int(HUNG)
        first = version.get("Components", [{"Name": "Engine"}])[0]["Name"]
        name = first if "Podman" in first else f"Docker {first}"
        return ContainerEngine(address, f"{name} {version['Version']}", client)
    return None


def listens(address: str) -> bool:
    """Whether anything listens there, as far as that is visible without a connection to it."""
    path = address.removeprefix("unix://")
    if path == address:
        return True
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(path) == 0


@dataclass(frozen=True)
class Ended:
    """A container that ran to its end."""

    exit_code: int
    log: str
    killed_for_memory: bool = False


@dataclass(frozen=True)
class ContainerEngine:
    """One running engine. What is started or built here is removed by ``clean``."""

    address: str
    version: str
    """Such as ``Podman Engine 4.3.1``."""
    client: docker.DockerClient
    _images: list[str] = field(default_factory=list)

    @property
    def is_podman(self) -> bool:
        return self.version.startswith("Podman")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the engine's own program, whatever comes of it."""
        if self.is_podman:
            return self._run("podman", "--url", self.address, *arguments)
        return self._run(*self._client.words, *arguments)

    @cached_property
    def _client(self) -> CommandLine:
        """What builds: podman itself wherever it has the store.

        Its service before 4.6 kills a build's RUN when a container beside it gets or leaves a
        network (containers/podman issue 17918).
        """
        return find_command_line(self.address, self.is_podman, machine_variables(os.environ))

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self._client.environment, "BUILDKIT_PROGRESS": "plain"}
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    def has(self, reference: str) -> bool:
        try:
            self.client.images.get(reference)
        except NotFound:
            return False
        return True

    def build(
        self,
        context: Path,
        tag: str,
        *,
        dockerfile: str = "Dockerfile",
        arguments: Mapping[str, str] | None = None,
        secrets: Mapping[str, Path] | None = None,
        options: tuple[str, ...] = (),
    ) -> str:
        """``docker build``; the image's id. ``dockerfile`` is relative to the context.

        An AssertionError carries what the build said.
        """
        words = ["build", "--file", str(context / dockerfile), "--tag", tag]
        for name, value in (arguments or {}).items():
            words += ["--build-arg", f"{name}={value}"]
        for name, path in (secrets or {}).items():
            words += ["--secret", f"id={name},src={path}"]
        if self.is_podman:
            words += ["--pull=never", "--timestamp", "0"]
        built = self._run(*self._client.words, *words, *options, str(context))
        assert built.returncode == 0, f"{tag} does not build:\n{built.stdout}\n{built.stderr}"
        self._images.append(tag)
        return str(self.client.images.get(tag).id)

    def create(
        self, image: str, *arguments: str, tree: Path | None = None, **options: Any
    ) -> Container:
        """A container that is not started yet. ``options`` are the docker SDK's.

        It finds the files of ``tree`` in /opt/ml, which is a volume of its own.
        """
        options = {"network_mode": "none", **options, "volumes": [ML], "labels": {LABEL: "1"}}
        container = self.client.containers.create(image, list(arguments), **options)
        if tree is not None:
            container.put_archive(ML, packed(tree))
        return container

    def run(
        self,
        image: str,
        *arguments: str,
        tree: Path | None = None,
        seconds: float = HUNG,
        **options: Any,
    ) -> Ended:
        """Run a container to its end; what it wrote in /opt/ml comes back into ``tree``."""
        container = self.create(image, *arguments, tree=tree, **options)
        try:
            container.start()
            ended = self.wait(container, seconds)
            if tree is not None:
                fetch(container, tree)
            return ended
        finally:
            remove(container)

    def wait(self, container: Container, seconds: float = HUNG) -> Ended:
        code = container.wait(timeout=seconds)["StatusCode"]
        container.reload()
        return Ended(
            exit_code=code,
            log=container.logs().decode(errors="replace"),
            killed_for_memory=bool(container.attrs["State"].get("OOMKilled")),
        )

    @contextmanager
    def serving(
        self, image: str, *arguments: str, tree: Path | None = None, **options: Any
    ) -> Iterator["Served"]:
        """A container with its port 8080 published on loopback, for as long as the block runs.

        Nobody waits until it serves: that is for the test to see.
        """
        published = {"network_mode": "bridge", "ports": {f"{PORT}/tcp": ("127.0.0.1", None)}}
        options = {**published, **options}
        container = self.create(image, *(arguments or ("serve",)), tree=tree, **options)
        try:
            container.start()
            container.reload()
            bindings = container.attrs["NetworkSettings"]["Ports"][f"{PORT}/tcp"]
            yield Served(container, f"http://127.0.0.1:{bindings[0]['HostPort']}")
        finally:
            remove(container)

    def clean(self) -> None:
        """Untag what was built; the layers stay in the engine's cache for the next run."""
        for tag in self._images:
            with suppress(APIError):  # gone already, or a test's container still holds it
                self.client.images.remove(tag, noprune=True)


@dataclass(frozen=True)
class Served:
    container: Container
    url: str

    def log(self) -> str:
        return str(self.container.logs().decode(errors="replace"))


def status_of(url: str) -> int | None:
    """The status of a GET, or None while nothing answers."""
    try:
        with urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except HTTPError as refusal:
        with refusal:
            return refusal.code
    except OSError:
        return None


def remove(container: Container) -> None:
    with suppress(NotFound):
        container.remove(v=True, force=True)


def packed(tree: Path) -> bytes:
    """A folder's files as a tar archive, readable and writable for every user."""

    def open_to_all(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.mode |= 0o777 if member.isdir() else 0o666
        return member

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(tree, arcname=".", filter=open_to_all)
    return stream.getvalue()


def fetch(container: Container, tree: Path) -> None:
    """Bring /opt/ml of an ended container into ``tree``, its input left out."""
    chunks, _ = container.get_archive(ML)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        for member in archive.getmembers():
            # Docker begins every name with the folder's own, podman with a slash.
            inner = member.name.lstrip("/")
            inner = inner.removeprefix("ml/") if inner != "ml" else ""
            if not inner or inner.split("/")[0] == "input":
                continue
            archive.extract(member.replace(name=inner), tree, filter="data")


def training_tree(
    folder: Path,
    channels: Mapping[str, Mapping[str, str]],
    hyperparameters: Mapping[str, str] | None = None,
) -> Path:
    """The /opt/ml that a training job finds: channel → file name → text."""
    for name in ("input/config", "input/data", "model", "output/data", "checkpoints"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    config = folder / "input/config"
    (config / "hyperparameters.json").write_text(json.dumps(dict(hyperparameters or {})))
    described = {
        name: {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
        for name in channels
    }
    (config / "inputdataconfig.json").write_text(json.dumps(described))
    alone = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
    (config / "resourceconfig.json").write_text(json.dumps(alone))
    for channel, files in channels.items():
        (folder / "input/data" / channel).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / "input/data" / channel / name).write_text(text)
    return folder


def pip_secrets(folder: Path) -> dict[str, Path]:
    """This machine's way to its package index, as build secrets: ``pip_conf`` and ``ca``.

    A folder or a file of this machine means nothing inside a build and is left out.
    """
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        found[name.split(".")[-1]] = str(ast.literal_eval(value))
    lines = ["[global]", "root-user-action = ignore"]
    for name in PIP_SETTINGS:
        words = [w for w in found.get(name, "").split() if not w.startswith(("file:", "/"))]
        if words:
            lines.append(f"{name} = {' '.join(words)}")
    secrets = {"pip_conf": folder / "pip.conf"}
    authorities = found.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE")
    if authorities:
        secrets["ca"] = folder / "ca.pem"
        shutil.copyfile(authorities, secrets["ca"])
        lines.append("cert = /run/secrets/ca")
    secrets["pip_conf"].write_text("\n".join(lines) + "\n")
    return secrets
