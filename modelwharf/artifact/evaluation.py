"""The evaluation report: ``evaluation.json`` in ``/opt/ml/output/data``."""

import math
from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue, field_validator

from modelwharf.artifact.contract import Contract

EVALUATION_FILE = "evaluation.json"
HOLDOUT_FILE = "holdout.jsonl"

FINDINGS = 10
FINDING = 400  # characters
Finding = Annotated[str, Field(max_length=FINDING)]
"""A sentence; the release document carries it."""


class Interval(Contract):
    """A confidence interval at ``level`` (0…1)."""

    low: float
    high: float
    level: float


class Metric(Contract):
    """One metric on the holdout. ``champion`` is the serving model's, on the same rows."""

    value: float
    interval: Interval | None = None
    champion: float | None = None


class EvaluationReport(Contract):
    """The trained model's metrics on the holdout.

    ``metrics`` are over all holdout rows; ``slices`` hold the same metrics for parts of
    it, such as ``{"horizon": {"1-5": {...}}, "product": {"wti": {...}}}``.
    """

    metrics: dict[str, Metric]
    slices: dict[str, dict[str, dict[str, Metric]]] = {}
    holdout_rows: int
    input_schema: dict[str, JsonValue] = {}
    libraries: dict[str, str] = {}
    findings: Annotated[tuple[Finding, ...], Field(max_length=FINDINGS)] = ()
    """Sentences for people who approve the model; no rule uses them."""
    created: AwareDatetime


class HoldoutRow(Contract):
    """One line of ``holdout.jsonl``: a request, and what the trained model answered to it.

    A row of a table is a list of its numbers or an object by column name; its answer is a number,
    a label, or a list of them. NaN, which JSON does not have, is written as null: a missing number
    in a request, no number in an answer.
    """

    request: JsonValue
    prediction: JsonValue

    @field_validator("request", "prediction")
    @classmethod
    def says_what_json_can(cls, value: JsonValue) -> JsonValue:
        return _without_nan(value)


def _without_nan(value: JsonValue) -> JsonValue:
    """Raises ValueError for an infinity, which JSON does not have either."""
    if isinstance(value, float):
        if math.isinf(value):
            raise ValueError("it holds an infinity, which JSON cannot say: leave the row out")
        return None if math.isnan(value) else value
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    return value
