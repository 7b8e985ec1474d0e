"""Acknowledging a finding of cdk-nag, with the reason."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Suppress one rule for one construct; the template's metadata has the reason."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
