"""A body near InvokeEndpoint's limit does not crash the server."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.asking import Answer
from modelwharf.doctor.check import Check
from modelwharf.doctor.server import shown
from modelwharf.doctor.servers import TOO_LARGE, Servers

CHECK = Check(
    "serve-large-body",
    ImageRole.INFERENCE,
    "InvokeEndpoint passes on up to 25 MB and waits 60 s; a server that dies of it takes every "
    "other caller's requests along",
)


def examine(servers: Servers) -> Finding:
    large = servers.large
    got = shown(large.answer)
    if not large.survived:
        return CHECK.failed(
            f"after a body of 25 MB the server no longer answers ({got})",
            change="read up to 25 MB, or refuse by Content-Length with 413 before reading",
            log=servers.first.lines,
        )
    if isinstance(large.answer, Answer) and large.answer.status == TOO_LARGE:
        taken = f"{servers.taken} MB are taken" if servers.taken else "1 MB is refused, too"
        return CHECK.warned(
            f"a body of 25 MB is refused with 413, {taken}",
            change="if your users send more, raise the server's limit to InvokeEndpoint's 25 MB "
            "(nginx: client_max_body_size 25m; SageMaker's inference toolkit: "
            "SAGEMAKER_MAX_PAYLOAD_IN_MB=25); otherwise tell them the length that is allowed",
            log=servers.first.lines,
        )
    if isinstance(large.answer, Answer) and large.answer.status < 500:
        return CHECK.passed(f"25 MB got {large.answer.status}, and the server goes on")
    return CHECK.failed(
        f"a body of 25 MB got {got}",
        change="answer it, or refuse it with 413 and the length that is allowed",
        log=servers.first.lines,
    )
