"""An invalid body gets the status of a client error."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.asking import Answer
from modelwharf.doctor.check import Check
from modelwharf.doctor.server import shown
from modelwharf.doctor.servers import Servers
from modelwharf.doctor.settings import Sample
from modelwharf.doctor.trees import GARBAGE

CHECK = Check(
    "serve-refuses-garbage",
    ImageRole.INFERENCE,
    "4xx tells callers to mend their request; 5xx counts as Invocation5XXErrors, which raises "
    "alarms and rolls deployments back, and 200 is a wrong answer",
)


def examine(servers: Servers) -> Finding:
    kinds = tuple(dict.fromkeys(one.content_type for one in servers.samples))
    server = servers.live()
    answers = {kind: server.answers(Sample(kind, GARBAGE)) for kind in kinds}
    wrong = {
        kind: shown(answer)
        for kind, answer in answers.items()
        if not isinstance(answer, Answer) or not 400 <= answer.status < 500
    }
    if not wrong:
        details = ", ".join(
            f"{a.status} to {k}" for k, a in answers.items() if isinstance(a, Answer)
        )
        return CHECK.passed(details)
    return CHECK.failed(
        "; ".join(f"garbage sent as {kind} got {got}" for kind, got in wrong.items()),
        change="catch what parsing raises, and answer 400 with the reason",
        log=server.lines,
    )
