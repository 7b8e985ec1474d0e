"""Serving works with a read-only root, as a user other than root, and without a network."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.contracts.parameters import WRITABLE_ROOT
from modelwharf.doctor.check import Check
from modelwharf.doctor.conditions import HARD, OTHER_USER
from modelwharf.doctor.examinations.harder import CHANGES, READ_ONLY_WHY, USER_WHY
from modelwharf.doctor.servers import Servers

READ_ONLY = Check("serve-read-only", ImageRole.INFERENCE, READ_ONLY_WHY)
NON_ROOT = Check("serve-non-root", ImageRole.INFERENCE, USER_WHY)
NO_NETWORK = Check(
    "serve-no-network",
    ImageRole.INFERENCE,
    "with network isolation (EnableNetworkIsolation; deployment.network_isolation) a server "
    "reaches nothing, and SageMaker alone reaches it",
)
CHECKS = {"read_only": READ_ONLY, "user": NON_ROOT, "isolated": NO_NETWORK}


def examine(servers: Servers, what: str) -> Finding:
    """Examine one condition; ``what`` is one that an engine may lack."""
    check = CHECKS[what]
    if what in servers.unsupported:
        return check.skipped("this engine cannot do that: it needs Docker or podman")
    if what == "read_only" and servers.settings.environment.get(WRITABLE_ROOT) == "1":
        return check.skipped(f"{WRITABLE_ROOT}=1: the server gets a root that it may write to")
    fault = servers.fault_under_all and servers.fault_under(HARD[what])
    if fault is None:
        return check.passed(f"as user {OTHER_USER}" if what == "user" else "healthy, and answers")
    return check.warned(fault.seen, change=CHANGES[what], log=fault.lines)
