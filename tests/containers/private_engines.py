"""An engine of a test's own, which it may kill: beside the shared one, of the same kind."""

import io
import math
import os
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
import requests
from docker.errors import APIError

from modelwharf.engines.container.unix_socket import close_unanswered
from tests.containers.engines import ContainerEngine, listens
from tests.waiting import patience, until

API = "1.40"  # named, so that making a client asks nothing
PROGRAMS = ("sh", "sleep", "cat", "ls", "dd", "env")
BRIDGE = "wharftest0"


@dataclass
class PrivateEngine:
    """Its containers and images are in ``folder``; ``kill`` and ``start`` it as often as needed."""

    folder: Path
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    image: str = ""
    """The id of the one image that it has: a shell and few programs."""

    @property
    def address(self) -> str:
        return f"unix://{self.folder}/engine.sock"

    def start(self) -> None:
        # Numbers of processes that nobody has waited for would pass for running ones.
        for stale in (self.folder / "pid", *self.folder.glob("run/containerd/containerd.*")):
            if not stale.name.endswith(".toml"):
                stale.unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        until(self._answers, f"the private engine ({self.folder}/log)")

    def _answers(self) -> bool:
        if not listens(self.address):
            return False
        with closing(self.client()) as client, suppress(APIError, requests.RequestException):
            return bool(client.ping())
        return False

    def kill(self) -> None:
        """As the system does it when there is no memory left: at once, without good-bye."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def load(self, shared: ContainerEngine, reference: str) -> None:
        """Give it an image of the shared engine."""
        with closing(self.client()) as client:
            saved = shared.client.images.get(reference).save(named=True)
            # requests streams any iterator of bytes; the stubs name only what has a `read`.
            client.images.load(saved)  # type: ignore[arg-type]

    def client(self) -> docker.DockerClient:
        client = docker.DockerClient(
            base_url=self.address, timeout=math.ceil(patience()), version=API
        )
        close_unanswered(client.api)
        return client


@contextmanager
def private_engine(shared: ContainerEngine) -> Iterator[PrivateEngine]:
    """Skips where none can be started: it takes root and the engine's own program."""
    if os.getuid() != 0:
        pytest.skip("a private engine needs root")
    name = "podman" if shared.is_podman else "dockerd"
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"no {name} on the PATH to start a private engine with")
    folder = Path(tempfile.mkdtemp(prefix="wharf-"))  # podman takes short paths only
    engine = PrivateEngine(folder, (_podman if shared.is_podman else _dockerd)(program, folder))
    try:
        engine.start()
        with closing(engine.client()) as client:
            client.api.import_image_from_data(tiny_root(), "tiny", "1")
            engine.image = str(client.images.list()[0].id)
        yield engine
    finally:
        engine.kill()
        _end_what_is_left(folder)
        if not shared.is_podman:
            subprocess.run(["ip", "link", "delete", BRIDGE], check=False)
        _unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _podman(program: str, folder: Path) -> list[str]:
    roots = ("--root", str(folder / "root"), "--runroot", str(folder / "run"))
    return [program, *roots, "system", "service", "-t", "0", f"unix://{folder}/engine.sock"]


def _dockerd(program: str, folder: Path) -> list[str]:
    # With the default bridge it would take the shared engine's away.
    subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=False)
    subprocess.run(["ip", "address", "add", "172.31.99.1/24", "dev", BRIDGE], check=False)
    return [
        *(program, "--data-root", str(folder / "root"), "--exec-root", str(folder / "run")),
        *("--pidfile", str(folder / "pid"), "--host", f"unix://{folder}/engine.sock"),
        *("--bridge", BRIDGE, "--iptables=false"),
    ]


def _end_what_is_left(folder: Path) -> None:
    """A killed dockerd leaves its containerd, a killed podman its containers' watchers."""
    for listing in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(folder).encode() in listing.read_bytes():
                os.kill(int(listing.parent.name), signal.SIGKILL)


def _unmount(folder: Path) -> None:
    mounts = Path("/proc/mounts").read_text().splitlines()
    places = [line.split()[1] for line in mounts if line.split()[1].startswith(f"{folder}/")]
    for place in sorted(places, reverse=True):
        subprocess.run(["umount", "--lazy", place], check=False)


def tiny_root() -> bytes:
    """The root of an image with a shell and few programs: this machine's, with their libraries."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for folder in ("tmp", "proc", "dev", "sys", "etc"):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(member)
        taken: set[str] = set()
        for name in PROGRAMS:
            program = Path(str(shutil.which(name)))
            _add(archive, program.resolve(), f"bin/{name}", taken)
            told = subprocess.run(
                ["ldd", str(program)], capture_output=True, text=True, check=True
            ).stdout
            for library in re.findall(r"(/\S+) \(0x", told):
                _add(archive, Path(library).resolve(), library.lstrip("/"), taken)
    return stream.getvalue()


def _add(archive: tarfile.TarFile, path: Path, name: str, taken: set[str]) -> None:
    if name not in taken:
        taken.add(name)
        archive.add(path, arcname=name)
