"""``serve`` exists and starts."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.servers import Servers
from modelwharf.doctor.start_faults import start_fault

CHECK = Check(
    "serve-starts",
    ImageRole.INFERENCE,
    'SageMaker runs `docker run IMAGE serve` (developer guide, "Custom Inference Code with Hosting '
    'Services")',
)


def examine(servers: Servers) -> Finding:
    server = servers.first
    if server.running or server.healthy_after is not None:
        return CHECK.passed("started")
    fault = start_fault(servers.image, "serve", server.code, server.lines, servers.find_program)
    if fault is None:
        return CHECK.passed("started")
    return CHECK.failed(fault.seen, change=fault.change, log=server.lines)
