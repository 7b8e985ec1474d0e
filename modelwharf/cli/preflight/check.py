"""A check's identity, and its possible findings."""

from dataclasses import dataclass

from modelwharf.contracts.preflight import Finding, Outcome


@dataclass(frozen=True)
class Check:
    """A check. ``why`` says what goes wrong without it, and where AWS documents that."""

    id: str
    why: str

    def passed(self, seen: str) -> Finding:
        return Finding(id=self.id, outcome=Outcome.PASS, seen=seen, why=self.why)

    def skipped(self, reason: str) -> Finding:
        return Finding(id=self.id, outcome=Outcome.SKIPPED, seen=reason, why=self.why)

    def failed(self, seen: str, *, command: str) -> Finding:
        return Finding(id=self.id, outcome=Outcome.FAIL, seen=seen, why=self.why, command=command)

    def warned(self, seen: str, *, command: str) -> Finding:
        return Finding(id=self.id, outcome=Outcome.WARN, seen=seen, why=self.why, command=command)

    def unknown(self, seen: str, *, command: str) -> Finding:
        return Finding(
            id=self.id, outcome=Outcome.UNKNOWN, seen=seen, why=self.why, command=command
        )
