"""SIGTERM ends the server, in time and cleanly."""

import signal

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.check import Check
from modelwharf.doctor.examinations.first_process import advice
from modelwharf.doctor.servers import Servers

CHECK = Check(
    "serve-sigterm",
    ImageRole.INFERENCE,
    "when an endpoint is updated or scaled in, a container gets SIGTERM, and SIGKILL 30 s later: "
    'requests under way are lost (developer guide, "Custom Inference Code with Hosting Services")',
)
BY_SIGNAL = 128 + signal.SIGTERM
KILLED = 128 + signal.SIGKILL


def examine(servers: Servers) -> Finding:
    server = servers.live()
    if not server.running:
        return CHECK.skipped(f"there is no healthy server to end: {server.ending}")
    code, took = server.stop()
    limit = servers.settings.deadlines.stop_serving
    if code == 0 and took < limit:
        return CHECK.passed(f"exit code 0 after {took:.1f} s")
    change = advice(servers.image.config)
    if code == KILLED or took >= limit:
        return CHECK.failed(
            f"it still ran {limit:g} s after SIGTERM and was killed",
            change=change,
            log=server.lines,
        )
    if code == BY_SIGNAL:
        return CHECK.failed(
            "it does not handle SIGTERM: the signal itself ended it, with requests under way",
            change=change,
            log=server.lines,
        )
    return CHECK.failed(
        f"SIGTERM ended it with exit code {code} after {took:.1f} s, not 0",
        change="finish the requests under way on SIGTERM, and end with exit code 0",
        log=server.lines,
    )
