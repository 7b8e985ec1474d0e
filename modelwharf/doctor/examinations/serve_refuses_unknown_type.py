"""A content type that the server does not know is refused."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.asking import Answer
from modelwharf.doctor.check import Check
from modelwharf.doctor.server import shown
from modelwharf.doctor.servers import Servers
from modelwharf.doctor.settings import Sample

UNKNOWN = "application/x-unheard-of"
CHECK = Check(
    "serve-refuses-unknown-type",
    ImageRole.INFERENCE,
    "415 tells callers which types there are; a server that guesses answers nonsense one day, and "
    "5xx counts as Invocation5XXErrors, which raises alarms and rolls deployments back",
)
CHANGE = "answer 415 to a Content-Type that the server does not know, and name those it knows"


def examine(servers: Servers) -> Finding:
    server = servers.live()
    answer = server.answers(Sample(UNKNOWN, servers.samples[0].body))
    if isinstance(answer, Answer) and 400 <= answer.status < 500:
        return CHECK.passed(f"{answer.status}")
    if isinstance(answer, Answer) and answer.status == 200:
        return CHECK.warned(f"{UNKNOWN} was answered with 200", change=CHANGE)
    return CHECK.failed(f"{UNKNOWN} got {shown(answer)}", change=CHANGE, log=server.lines)
