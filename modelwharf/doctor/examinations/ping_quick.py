"""/ping answers repeatedly within 2 s, even during other requests."""

from modelwharf.contracts.examination import Finding, ImageRole
from modelwharf.doctor.asking import NoAnswer, TooSlow
from modelwharf.doctor.check import Check
from modelwharf.doctor.server import Pings
from modelwharf.doctor.servers import LargeBody, Servers

CHECK = Check(
    "ping-quick",
    ImageRole.INFERENCE,
    "a /ping that takes longer than 2 s has failed; several in a row, and SageMaker restarts the "
    'container (developer guide, "Custom Inference Code with Hosting Services")',
)


def examine(servers: Servers) -> Finding:
    limit = servers.settings.deadlines.ping
    unsteady = servers.live().unsteady()
    if unsteady:
        return CHECK.failed(
            unsteady,
            change="answer every /ping for as long as the server lives: SageMaker pings on after "
            "the first 200, and restarts a container that stops answering",
            log=servers.first.lines,
        )
    try:
        idle = servers.live().ping_once().seconds
    except (NoAnswer, TooSlow) as error:
        return _failed(servers, f"/ping of an idle server: {error}")
    if not servers.samples:
        return CHECK.passed(f"{idle * 1000:.0f} ms when idle; no sample request to keep it busy")
    # A busy machine may be slow once: only a second slow result is a finding.
    busy = servers.busy()
    if busy.late and (busy := servers.busy()).late:
        return _failed(servers, _in_words(busy, limit, "while a request was answered"))
    large = servers.large
    if _too_late(large):
        large = servers.large_again()
        if _too_late(large):
            return _failed(servers, _in_words(large.pings, limit, "beside a body of 25 MB"))
    slowest = max(busy.slowest, large.pings.slowest) * 1000
    return CHECK.passed(f"{idle * 1000:.0f} ms when idle, {slowest:.0f} ms at most when busy")


def _too_late(large: LargeBody) -> bool:
    """Whether several pings were late; one late ping causes no restart.

    A Python server's threads cause one while they parse 25 MB.
    """
    return large.survived and large.pings.late > 1


def _in_words(pings: Pings, limit: float, when: str) -> str:
    return f"{pings.late} of {pings.late + len(pings.seconds)} pings took over {limit:g} s {when}"


def _failed(servers: Servers, seen: str) -> Finding:
    return CHECK.failed(
        seen,
        change="answer /ping from another thread or worker than the one that predicts",
        log=servers.first.lines,
    )
