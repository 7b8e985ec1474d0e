"""The server loads the artifact, and says so by /ping."""

from contracts.examination import Finding, ImageRole
from contracts.model_archive import ADVICE
from doctor.check import Check
from doctor.servers import Servers

CHECK = Check(
    "serve-loads-model",
    ImageRole.INFERENCE,
    "model.tar.gz is unpacked into /opt/ml/model, and an endpoint comes into service only once "
    '/ping answers 200 (developer guide, "Custom Inference Code with Hosting Services")',
)


def look(servers: Servers) -> Finding:
    if servers.artifact is None:
        return CHECK.skipped(
            "no artifact to serve", "--training IMAGE makes one, --model gives one"
        )
    if servers.unpacking_fault:
        return CHECK.failed(
            f"{servers.artifact.origin} cannot be unpacked: {servers.unpacking_fault}",
            change=f"{ADVICE}; --model takes a tar.gz or a folder",
        )
    server = servers.first
    if server.healthy_after is not None:
        return CHECK.passed(f"/ping 200 after {server.healthy_after:.1f} s")
    return CHECK.failed(
        f"not healthy with {servers.artifact.origin}: {server.ending}",
        change="the server must load exactly what is in /opt/ml/model, listen on port 8080 of all "
        "addresses (0.0.0.0, not 127.0.0.1) and answer GET /ping with 200 then, within 2 s",
        log=server.lines,
    )
