"""Each declared content type gets an answer."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.asking import Answer
from modelwharf.doctor.check import Check
from modelwharf.doctor.server import shown
from modelwharf.doctor.servers import Servers

CHECK = Check(
    "serve-answers",
    ImageRole.INFERENCE,
    "POST /invocations must answer 200 within 60 s (InvokeEndpoint); anything else is a ModelError "
    "for your users",
)


def examine(servers: Servers) -> Finding:
    if not servers.samples:
        return CHECK.skipped("no sample request", "--content-type 'text/csv=5.1,3.5,1.4,0.2'")
    opening = servers.opening  # It waits for a server that returned 200 before it could answer.
    answers = {one.content_type: servers.live().answers(one) for one in servers.samples}
    wrong = {
        kind: shown(answer)
        for kind, answer in answers.items()
        if not isinstance(answer, Answer) or answer.status != 200
    }
    if opening.answered_after is None or wrong:
        details = "; ".join(f"{kind} got {got}" for kind, got in wrong.items())
        return CHECK.failed(
            details or "no request was answered with 200",
            change="answer 200 to every content type that you declare, or mend the sample body",
            log=servers.first.lines,
        )
    slowest = max(one.seconds for one in answers.values() if isinstance(one, Answer))
    return CHECK.passed(f"{', '.join(answers)}: 200 within {slowest:.2f} s")
