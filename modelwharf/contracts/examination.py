"""What ``wharf doctor`` found when it ran images against SageMaker's contract."""

from enum import StrEnum

from modelwharf.artifact.contract import Contract


class Verdict(StrEnum):
    """How one check ended; SageMaker tolerates a warning, but you may not want it."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    WARN = "warn"
    SKIPPED = "skipped"


class ImageRole(StrEnum):
    """What an image is run for."""

    TRAINING = "training"
    INFERENCE = "inference"


class Finding(Contract):
    """One check of one image. ``id`` never changes, so that a program may rely on it.

    ``seen`` is what happened (for a skipped check: why it was skipped), ``log`` the program's
    last lines, ``why`` the reason that SageMaker cares, ``change`` what to do.
    """

    id: str
    image: ImageRole
    verdict: Verdict
    seen: str
    why: str
    change: str = ""
    log: tuple[str, ...] = ()
    seconds: float = 0.0


class ExaminedImage(Contract):
    """An image, and its configuration."""

    role: ImageRole
    name: str
    digest: str
    platform: str


class Examination(Contract):
    """All findings, in the order of the checks."""

    engine: str
    images: tuple[ExaminedImage, ...]
    findings: tuple[Finding, ...]

    def count(self, verdict: Verdict) -> int:
        return sum(finding.verdict is verdict for finding in self.findings)
