"""/ping returns 200 only once the model can answer."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.asking import Answer
from modelwharf.doctor.check import Check
from modelwharf.doctor.server import shown
from modelwharf.doctor.servers import Servers

CHECK = Check(
    "ping-waits-for-model",
    ImageRole.INFERENCE,
    "SageMaker sends traffic from the first 200 on, and lets the old server go: a /ping that "
    'speaks too soon is an outage (developer guide, "Custom Inference Code with Hosting Services")',
)
CHANGE = "answer /ping with 503 until the model is loaded, and with 200 only then"


def examine(servers: Servers) -> Finding:
    opening = servers.opening
    if not opening.at_once:
        return CHECK.failed(
            f"/ping said 200, but the request right after it got {shown(opening.first)}; the first "
            f"200 to a request came {opening.answered_after or 0:.1f} s later",
            change=CHANGE,
            log=servers.first.lines,
        )
    bare = servers.bare
    if bare.healthy_after is None:
        return CHECK.passed(
            "a request right after the first 200 was answered; no 200 without a model"
        )
    answer = bare.answers(servers.samples[0])
    if isinstance(answer, Answer) and answer.status == 200:
        return CHECK.passed("it answers without /opt/ml/model too: its model is in the image")
    return CHECK.failed(
        "/ping said 200 with nothing in /opt/ml/model, and the request after it got "
        f"{shown(answer)}",
        change=CHANGE,
        log=bare.lines,
    )
