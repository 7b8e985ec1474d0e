"""A check's identity, and the findings that it can come to."""

from dataclasses import dataclass

from contracts.preflight import Finding, Outcome


@dataclass(frozen=True)
class Check:
    """``why`` says what goes wrong otherwise, and where AWS says so."""

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
