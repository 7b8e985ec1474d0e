"""Hosts of a job without containers: addresses of this machine's loopback.

A program resolves names as this machine does, and only root may add one. But an address is also a
valid name: every resolver resolves it to itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from modelwharf.engines.engine import Engine, Host, Launch, LogSink, Program
from modelwharf.engines.loopback import is_here


@dataclass(frozen=True)
class ProcessCluster:
    """Implements modelwharf.engines.engine.Cluster."""

    engine: Engine
    hosts: tuple[Host, ...]

    @classmethod
    def at(cls, engine: Engine, addresses: Sequence[str]) -> "ProcessCluster":
        """Return the cluster. Raises OSError that names an address this machine lacks."""
        for one in addresses:
            if not is_here(one):
                raise OSError(
                    "several hosts without containers need an address each, and this machine has "
                    f"no {one} on its loopback (Linux has): use Docker or podman, or one instance"
                )
        return cls(engine, tuple(Host(name=one) for one in addresses))

    def run(self, number: int, launch: Launch, log: LogSink) -> Program:
        names = ", ".join(host.name for host in self.hosts)
        log(
            f"[laptop] without containers the hosts are {names}, addresses of one loopback: a "
            "program must listen on its own (current_host), not on all"
        )
        return self.engine.run(launch, log)

    def close(self) -> None:
        """Do nothing: loopback addresses stay."""
