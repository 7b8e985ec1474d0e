"""The server loads the artifact, and reports it through /ping."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.contracts.model_archive import ADVICE
from modelwharf.doctor.check import Check
from modelwharf.doctor.server import Server
from modelwharf.doctor.servers import Servers
from modelwharf.engines.listening import NOWHERE

CHECK = Check(
    "serve-loads-model",
    ImageRole.INFERENCE,
    "model.tar.gz is unpacked into /opt/ml/model, and an endpoint comes into service only once "
    '/ping answers 200 (developer guide, "Custom Inference Code with Hosting Services")',
)


def examine(servers: Servers) -> Finding:
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
        change=_change(server),
        log=server.lines,
    )


def _change(server: Server) -> str:
    if server.unreachable == NOWHERE:
        return (
            "give it more time by --timeout, or see in its last lines what it waits for; then it "
            "must listen on port 8080 of all addresses (0.0.0.0, not 127.0.0.1)"
        )
    if server.unreachable:
        return (
            "listen on 0.0.0.0, on port 8080 or the one that SAGEMAKER_BIND_TO_PORT names; "
            "SageMaker reads neither EXPOSE nor CMD"
        )
    if server.code is not None:
        return (
            "the server must load exactly what is in /opt/ml/model, and stay in the foreground: "
            "the last lines say what to mend"
        )
    return (
        "the server must load exactly what is in /opt/ml/model, listen on port 8080 of all "
        "addresses (0.0.0.0, not 127.0.0.1) and answer GET /ping with 200 then, and no other "
        "status, within 2 s"
    )
