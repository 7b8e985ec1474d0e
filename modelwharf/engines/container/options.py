"""A container's options, as keywords of the SDK's ``containers.create``."""

from collections.abc import Mapping
from typing import Any

from modelwharf.engines.container.connection import Machine
from modelwharf.engines.container.created_container import OPT_ML
from modelwharf.engines.container.networking import LOOPBACK, Networking
from modelwharf.engines.engine import Launch, Limits
from modelwharf.engines.processes import MARK

MIB = 1024 * 1024  # bytes
# Programs may unpack libraries into it and load them; Docker's default forbids that.
TMPFS = {"/tmp": "rw,exec,nosuid,nodev,mode=1777"}  # noqa: S108 - the container's own
ENDPOINT = "AWS_ENDPOINT_URL"


def container_options(
    launch: Launch, networking: Networking, machine: Machine, mark: str
) -> dict[str, Any]:
    """Return all options but the container's name and labels; its processes carry ``mark``."""
    found: dict[str, Any] = {
        "command": list(launch.arguments),
        "entrypoint": list(launch.entrypoint) if launch.entrypoint else None,
        "environment": {**_environment(launch, networking), MARK: mark},
        "stop_signal": "SIGTERM",  # SageMaker's, whatever the image says
        "volumes": [OPT_ML],
        **networking.options,
        **_limits(launch.limits, machine),
    }
    if launch.user is not None:
        found["user"] = launch.user
    if launch.read_only:
        found.update(read_only=True, tmpfs=TMPFS)
    return found


def _environment(launch: Launch, networking: Networking) -> Mapping[str, str]:
    """Return the launch's variables; this machine's loopback may have another name inside."""
    found = dict(launch.environment)
    if found.get(ENDPOINT):
        found[ENDPOINT] = found[ENDPOINT].replace(LOOPBACK, networking.machine)
    return found


def _limits(limits: Limits, machine: Machine) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    if limits.memory_mib is not None and machine.limits_memory:
        found["mem_limit"] = found["memswap_limit"] = limits.memory_mib * MIB
    if limits.cpus is not None and machine.limits_cpus:
        found["nano_cpus"] = int(min(limits.cpus, machine.cpus) * 1_000_000_000)
    return found
