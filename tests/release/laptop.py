"""A laptop cloud in a process of its own, as `wharf up` starts it."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.credentials import Credentials

from modelwharf.cli.commands.env import variables_of
from modelwharf.contracts.laptop import STATE_FILE, LaptopCloud, LaptopKey
from tests.signing import ask
from tests.waiting import HUNG, patience, until

PROJECT = "oil-price"
REFUSED = "is not authorized to perform: "
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Laptop:
    """A running cloud, seen as an AWS user sees it: through boto3."""

    state: LaptopCloud
    key: LaptopKey
    process: subprocess.Popen[bytes]
    log: Path
    refusals: list[str] = field(default_factory=list)
    """Words of the refusals that a test provokes; any other fails the module (see `stop`)."""
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """The one client of a service: conditions that a test waits for ask for it each time."""
        if service not in self._clients:
            client: Any = boto3.client  # its stubs know literal service names only
            self._clients[service] = client(
                service,
                endpoint_url=self.state.url,
                region_name=self.state.region,
                aws_access_key_id=self.key.access_key_id,
                aws_secret_access_key=self.key.secret_access_key,
            )
        return self._clients[service]

    def environment(self) -> dict[str, str]:
        """What `wharf env` prints, over this process's own variables."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {**os.environ, "PATH": path}
        return {**own, **variables_of(self.state, self.log.parent, own)}

    def outputs(self) -> dict[str, str]:
        stacks = self.client("cloudformation").describe_stacks(StackName=f"modelwharf-{PROJECT}")
        return {o["OutputKey"]: o["OutputValue"] for o in stacks["Stacks"][0]["Outputs"]}

    def fault(self, wish: Mapping[str, Any]) -> None:
        """Ask the cloud to drop or double events (see modelwharf/laptop/faults.py)."""
        key = Credentials(self.key.access_key_id, self.key.secret_access_key)
        ask(f"{self.state.url}/_wharf/faults", key, wish)

    def set_quota(self, name: str, value: float) -> None:
        """What the account may have of something at once (see modelwharf/laptop/quotas.py)."""
        key = Credentials(self.key.access_key_id, self.key.secret_access_key)
        ask(f"{self.state.url}/_wharf/quotas", key, {"name": name, "value": value})

    def children(self) -> dict[int, str]:
        """Every process that the cloud has started and that still runs: pid → command line."""
        listing = subprocess.run(
            ["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(None, 2) for line in listing.splitlines()]
        parents = {self.process.pid}
        found: dict[int, str] = {}
        for pid, parent, arguments in sorted((int(r[0]), int(r[1]), r[2]) for r in rows):
            if parent in parents:
                parents.add(pid)
                found[pid] = arguments
        return found


def start(
    directory: Path,
    assembly: Path,
    environment: Mapping[str, str] | None = None,
    engine: str = "process",
) -> Laptop:
    log = directory / "cloud.log"
    directory.mkdir(parents=True, exist_ok=True)
    state = directory / STATE_FILE
    state.unlink(missing_ok=True)  # of a cloud that was killed
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "modelwharf.laptop", "--directory", str(directory)),
                *("--assembly", str(assembly), "--project", PROJECT, "--engine", engine),
            ],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )

    def ready() -> LaptopCloud | None:
        if process.poll() is not None:
            raise AssertionError(f"the cloud ended with {process.returncode}:\n{log.read_text()}")
        return LaptopCloud.model_validate_json(state.read_text()) if state.exists() else None

    try:
        found = until(ready, "cloud.json", seconds=120)
        return Laptop(found, LaptopKey.read(directory), process, log)
    except BaseException:
        process.terminate()
        process.wait(HUNG)
        raise


def stop(laptop: Laptop) -> None:
    """End the cloud. Fails if it refused a call of a role, even if no caller noticed."""
    laptop.process.send_signal(signal.SIGTERM)
    assert laptop.process.wait(HUNG) == 0, laptop.log.read_text()[-3000:]
    refused = [line for line in laptop.log.read_text().splitlines() if REFUSED in line]
    assert [line for line in refused if not any(words in line for words in laptop.refusals)] == []


@contextmanager
def running(directory: Path, assembly: Path, startup_seconds: int = 10) -> Iterator[Laptop]:
    """A cloud whose servers may take that long until they are healthy, longer on a busy machine.

    AWS gives them 300 s; a test of one that never is should not take as long.
    """
    startup = patience(startup_seconds)
    laptop = start(directory, assembly, {"WHARF_STARTUP_TIMEOUT": str(startup)})
    yield laptop
    stop(laptop)


def assembly_of_the_run(factory: pytest.TempPathFactory) -> Path:
    """One synthesis for all of xdist's workers: it takes 15 s of a processor."""
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    directory, whole = shared / "cdk.out", shared / "cdk.out.whole"
    with (shared / "cdk.out.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            synthesise(directory)
            whole.touch()
    return directory


def synthesise(directory: Path) -> Path:
    """The cloud assembly that `cdk deploy` would send."""
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_OUTDIR": str(directory)},
        check=True,
        capture_output=True,
    )
    return directory


def changed(assembly: Path, directory: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of the assembly with the template changed in place by ``change``."""
    shutil.copytree(assembly, directory)
    path = directory / f"modelwharf-{PROJECT}.template.json"
    template = json.loads(path.read_text())
    change(template)
    path.write_text(json.dumps(template))
    return directory
