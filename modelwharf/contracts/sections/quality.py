"""The section ``quality``: what a model must reach before it may serve."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from modelwharf.artifact.contract import Contract

Finite = Annotated[float, Field(allow_inf_nan=False)]


class QualityRule(Contract):
    """One bound on one metric; a metric that is missing fails the rule, unless ``if_measured``."""

    metric: str
    if_measured: bool = False
    minimum: Finite | None = None
    maximum: Finite | None = None

    @model_validator(mode="after")
    def has_a_bound(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a rule needs a minimum, a maximum or both")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"its minimum {self.minimum} is above its maximum {self.maximum}")
        return self


class Quality(Contract):
    """What a model must reach before it may serve."""

    rules: tuple[QualityRule, ...] = (
        QualityRule(metric="skill", minimum=-0.05),
        QualityRule(metric="coverage_gap", minimum=-0.2, if_measured=True),
    )
