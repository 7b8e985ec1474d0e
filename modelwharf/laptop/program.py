"""The cloud as a program: serve what a synthesised template describes."""

import argparse
import fcntl
import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import IO

from modelwharf.contracts.laptop import STATE_FILE, LaptopCloud
from modelwharf.contracts.names import project_name, stack_name
from modelwharf.engines.choice import ENGINES, NoSuchEngine, choose
from modelwharf.engines.engine import EngineLost
from modelwharf.laptop.assembly import AssemblyUnreadable, read_assembly
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.cloudformation import DeploymentRefused, deploy
from modelwharf.laptop.codecommit.service import repository_folder
from modelwharf.laptop.keys import KeyExposed
from modelwharf.laptop.quotas import QuotaChange, UnknownQuota
from modelwharf.laptop.server import Server

LOCK_FILE = "cloud.lock"
REASON = "laptop: "
"""The prefix of the last line of a cloud that could not start; `wharf up` shows the rest."""
STARTERS_FILES = {"cloud.log", "start.lock"}
"""The files that `wharf up` writes into a new directory."""
DIFFERENCES = (
    "KMS encryption and VPCs are not real; aws:SecureTransport counts as true",
    "a failed asynchronous Lambda is tried again after 1 s, not 1 min",
)
ENGINE_DIFFERENCES = {
    "process": (
        "images are source trees, run as processes: as you, with this machine's Python, files "
        "and network, and without an instance type's limits",
    ),
    "docker": (
        "an instance type is its memory and its CPUs, as far as this machine has them; what "
        "runs in an endpoint's container does not reach this cloud's AWS",
        "the engine's own images stand in for ECR's layers, and for the registry that a "
        "release asks which base image it builds from",
    ),
}
log = logging.getLogger("modelwharf.laptop")


class AlreadyRunning(Exception):
    """Another cloud holds the directory."""


REASONS = (
    AlreadyRunning,
    AssemblyUnreadable,
    DeploymentRefused,
    EngineLost,
    KeyExposed,
    NoSuchEngine,
    OSError,
    UnknownQuota,
)
"""The errors that may prevent a start. Their messages give the reason."""


class StopSignal:
    """Waits for SIGTERM or SIGINT without polling.

    Python runs a signal's handler in the main thread. A lock would keep that thread asleep when the
    system delivers the signal to another thread. The wake-up socket is written in any thread.
    """

    def __init__(self) -> None:
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        signal.set_wakeup_fd(self._wake.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def wait(self) -> None:
        """Return after a signal, also after one that came before this call."""
        self._woken.recv(1)


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. The exit code is 1 when the cloud could not start."""
    options = _parser().parse_args(arguments)
    _forget_accounts()
    os.umask(0o077)  # only the user may read the cloud's files
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(name)s: %(message)s"
    )
    stop = StopSignal()
    try:
        with _locked(options.directory):
            return _serve(options, stop)
    except REASONS as error:
        sys.stderr.write(f"{REASON}{error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m modelwharf.laptop", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the cloud keeps files")
    parser.add_argument("--assembly", type=Path, required=True, help="the folder `cdk synth` wrote")
    parser.add_argument("--project", type=project_name, default="oil-price")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument(
        "--engine", choices=ENGINES, help="what runs images; docker where one answers"
    )
    parser.add_argument(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a quota of the account, such as 'ml.m5.large for endpoint usage=0'",
    )
    return parser


def _quota(text: str) -> QuotaChange:
    try:
        return QuotaChange.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _forget_accounts() -> None:
    """Hide the user's AWS accounts from this process and its children, which need none."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def _locked(directory: Path) -> IO[str]:
    """Lock the directory. The lock ends with the process, also when it is killed."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if {path.name for path in directory.iterdir()} <= STARTERS_FILES or (
        directory / LOCK_FILE
    ).exists():
        directory.chmod(0o700)  # a folder that also holds other files keeps its mode
    file = (directory / LOCK_FILE).open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        pid = file.read().strip() or "unknown"
        file.close()
        raise AlreadyRunning(
            f"a cloud already runs in {directory} (process {pid}): stop it (wharf down), "
            "or choose another directory"
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _serve(options: argparse.Namespace, stop: StopSignal) -> int:
    state = options.directory / STATE_FILE
    state.unlink(missing_ok=True)  # left by a killed cloud
    assembly = read_assembly(options.assembly, stack_name(options.project))
    server = Server(
        options.directory,
        region=options.region,
        port=options.port,
        engine=lambda cloud: choose(options.engine, cloud.directory, cloud.processes),
    )
    try:
        for change in options.quota:
            server.cloud.quotas.change(change)
        deploy(server.cloud, assembly)
        _collect_from_now_on()
        _announce(server.cloud, options, state)
        stop.wait()
    finally:
        state.unlink(missing_ok=True)
        server.stop()
    log.info("stopped")
    return 0


def _collect_from_now_on() -> None:
    """Enable garbage collection, which skips the objects of the start.

    A single collection would take a tenth of the start, and find little.
    """
    gc.freeze()
    gc.enable()


def _announce(cloud: Cloud, options: argparse.Namespace, state: Path) -> None:
    description = LaptopCloud(
        pid=os.getpid(),
        url=cloud.url,
        region=cloud.region,
        account=cloud.account,
        engine=cloud.engine.name,
        engine_description=cloud.engine.description,
        differences=(*DIFFERENCES, *ENGINE_DIFFERENCES[cloud.engine.name]),
        project=options.project,
        repository=str(repository_folder(cloud, options.project)),
    )
    partial = state.with_suffix(".partial")
    partial.write_text(description.model_dump_json(indent=2))
    partial.replace(state)
    log.info("ready: %s, engine: %s", cloud.url, cloud.engine.description)
    for difference in description.differences:
        log.info("not as in AWS: %s", difference)
