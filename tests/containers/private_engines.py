"""An engine of a test's own, which it may kill: beside the shared one, of the same kind."""

import io
import os
import re
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker
import pytest

from tests.containers.engines import ContainerEngine, listens
from tests.waiting import until

IMAGE = "localhost/tiny:1"
PROGRAMS = ("sh", "sleep", "cat", "ls", "dd", "env")
BRIDGE = "wharftest0"


@dataclass
class PrivateEngine:
    """Its containers and images are in ``folder``; ``kill`` and ``start`` it as often as needed."""

    folder: Path
    command: list[str]
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def address(self) -> str:
        return f"unix://{self.folder}/engine.sock"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: listens(self.address), "the private engine")

    def kill(self) -> None:
        """As the system does it when there is no memory left: at once, without good-bye."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def client(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=self.address, timeout=60)


@contextmanager
def private_engine(shared: ContainerEngine, folder: Path) -> Iterator[PrivateEngine]:
    """Skips where none can be started: it takes root and the engine's own program."""
    if os.getuid() != 0:
        pytest.skip("a private engine needs root")
    name = "podman" if shared.is_podman else "dockerd"
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"no {name} on the PATH to start a private engine with")
    folder.mkdir(parents=True)
    engine = PrivateEngine(folder, (_podman if shared.is_podman else _dockerd)(program, folder))
    engine.start()
    try:
        client = engine.client()
        client.api.import_image_from_data(tiny_root(), *IMAGE.split(":"))
        client.close()
        yield engine
    finally:
        engine.kill()
        if not shared.is_podman:
            _end_containerd(folder)
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


def _end_containerd(folder: Path) -> None:
    """The one that a killed dockerd leaves, by the number that it wrote."""
    for path in folder.glob("run/containerd/containerd.pid"):
        os.kill(int(path.read_text()), signal.SIGKILL)


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
