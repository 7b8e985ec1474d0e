"""CheckQuality: compare the trained model's metrics with the configured bounds."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from pydantic import ValidationError

from lambdas.archive import read_member, scan_model
from lambdas.entry import entry
from lambdas.errors import QualityBelowThreshold, TrainingFailed, VerificationFailed
from lambdas.holdout import nothing_to_ask, read_holdout
from lambdas.runtime import Runtime
from modelwharf.artifact.evaluation import EVALUATION_FILE, EvaluationReport
from modelwharf.contracts.model_archive import ADVICE, in_words
from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.parameters import QualityRule
from modelwharf.contracts.release import Plan, QualityVerdict, ReleaseDocument, TrainingResult
from modelwharf.contracts.stages import TrainedRelease

EXAMPLE = (
    '{"metrics": {"accuracy": {"value": 0.9}}, "holdout_rows": 45, '
    '"created": "2026-11-21T09:00:00Z"}'
)
MINIMUM, MAXIMUM = "is below its minimum", "is above its maximum"
LESS_IS_BETTER = re.compile(r"(?i)mae|mape|mse|loss|err|deviance|brier")


def check_quality(runtime: Runtime, document: TrainedRelease) -> ReleaseDocument:
    """Add the verdict.

    Raises QualityBelowThreshold, which names every failed rule and carries all metrics, because a
    failed state adds nothing to the document; VerificationFailed for a model that the live endpoint
    could not be asked about; TrainingFailed for a model whose archive the endpoint could not
    unpack. Both are found here, before the model serves.
    """
    training, plan = document.training, document.plan
    report = read_report(runtime, training)
    metrics = measured(report, training)
    findings = (
        *document.data.findings,
        *(() if report is None else report.findings),
    )
    verdict = judge(metrics, plan.quality.rules).model_copy(update={"findings": findings})
    rows = read_holdout(runtime, training)
    unanswerable = nothing_to_ask(document.project, rows, plan.deployment.probe)
    if not verdict.passed:
        path = parameter_path(document.project, "quality")
        raise QualityBelowThreshold(
            f"{'; '.join(verdict.reasons)}. Measured: {_figures(metrics)}. The bounds are in {path}"
            + _advice(document.project, plan, metrics)
            + "".join(f". Besides, {finding}" for finding in findings)
            + (f". Besides, {unanswerable}" if unanswerable else "")
        )
    if unanswerable:
        raise VerificationFailed(unanswerable)
    unseen = require_plain(runtime, training)
    verdict = verdict.model_copy(update={"findings": (*verdict.findings, *unseen)})
    return document.model_copy(update={"quality": verdict})


def require_plain(runtime: Runtime, training: TrainingResult) -> tuple[str, ...]:
    """Return the part of the model archive that was not read, in words.

    Raises TrainingFailed for an archive that no endpoint could unpack.
    """
    scan = scan_model(runtime, training.artifact)
    if scan.refused:
        raise TrainingFailed(f"in {training.artifact} {in_words(scan.refused)}. {ADVICE}")
    if scan.read is None:
        return ()
    return (
        f"the model archive is so large that only its first {scan.read / 1e9:.1f} GB were searched "
        "for links, which no endpoint can unpack: what is behind them, Deploy will tell",
    )


def _advice(project: str, plan: Plan, metrics: Mapping[str, float]) -> str:
    """Return what to set when a rule is about a metric that this model does not have."""
    if all(rule.metric in metrics or rule.if_measured for rule in plan.quality.rules):
        return ""
    if metrics:
        return (
            ": let its rules be about what was measured, for example "
            f"{_rules_about(plan.quality.rules, metrics)}"
        )
    name = "accuracy"
    rules = json.dumps({"rules": [{"metric": name, "minimum": 0.9}]})
    known = ", ".join(metric.name for metric in plan.training.metric_definitions) or "there is none"
    definition = {"name": name, "regex": f"{name}=([-+0-9.eE]+)"}
    definitions = json.dumps({"metric_definitions": [definition]})
    return (
        f". The training program wrote no {EVALUATION_FILE}, and no metric definition ({known}) "
        f"was found in its log: set {parameter_path(project, 'training')} to what it prints, for "
        f"example {definitions}, and the rules to those names, for example {rules}"
    )


def _rules_about(rules: Sequence[QualityRule], metrics: Mapping[str, float]) -> str:
    """Return the rules with the names of measured metrics, or a bound at the first measured value.

    The bound is on the side of a better model, as far as the metric's name tells.
    """
    corrected = []
    for rule in rules:
        if rule.metric in metrics or rule.if_measured:
            corrected.append(rule)
        elif like := get_close_matches(rule.metric, metrics, n=1):
            corrected.append(rule.model_copy(update={"metric": like[0]}))
    if not any(rule.metric in metrics for rule in corrected):
        name, value = next(iter(metrics.items()))
        side = "maximum" if LESS_IS_BETTER.search(name) else "minimum"
        corrected = [QualityRule.model_validate({"metric": name, side: float(f"{value:.3g}")})]
    return json.dumps({"rules": [rule.model_dump(exclude_defaults=True) for rule in corrected]})


def _figures(metrics: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()) or "nothing"


def measured(report: EvaluationReport | None, training: TrainingResult) -> dict[str, float]:
    """Return the evaluation report's metrics; without one, those SageMaker read from the log."""
    if report is None:
        return dict(training.metrics)
    return {name: metric.value for name, metric in report.metrics.items()}


def read_report(runtime: Runtime, training: TrainingResult) -> EvaluationReport | None:
    """Return the training program's report, if it wrote one. Raises QualityBelowThreshold."""
    text = None
    if training.output is not None:
        text = read_member(runtime, training.output, EVALUATION_FILE)
    if text is None:
        return None
    try:
        return EvaluationReport.model_validate_json(text)
    except ValidationError as error:
        raise QualityBelowThreshold(
            f"{EVALUATION_FILE} in {training.output} is not an evaluation report: {_first(error)}; "
            f"a report is such as {EXAMPLE}. A program with a file of its own gives it another "
            "name: without a report, the metric definitions count"
        ) from None


def _first(error: ValidationError) -> str:
    item = error.errors()[0]
    return f"{'.'.join(str(part) for part in item['loc']) or 'the document'}: {item['msg']}"


def judge(metrics: Mapping[str, float], rules: Sequence[QualityRule]) -> QualityVerdict:
    """Return the reasons of all rules when all hold; otherwise those of the broken ones."""
    checks = [check for rule in rules for check in _checks(metrics, rule)]
    passed = all(holds for holds, _ in checks)
    return QualityVerdict(
        passed=passed,
        # JSON has no NaN and no infinity.
        metrics={name: value for name, value in metrics.items() if math.isfinite(value)},
        reasons=tuple(text for holds, text in checks if passed or not holds),
    )


def _checks(metrics: Mapping[str, float], rule: QualityRule) -> list[tuple[bool, str]]:
    value = metrics.get(rule.metric)
    if value is None and rule.if_measured:
        return []
    if value is None:
        return [(False, f"{rule.metric} was not measured")]
    if math.isnan(value):
        return [(False, f"{rule.metric} is not a number, which meets no bound")]
    checks = []
    if rule.minimum is not None:
        holds, bound = value >= rule.minimum, rule.minimum
        checks.append((holds, _in_words(rule.metric, value, "≥" if holds else MINIMUM, bound)))
    if rule.maximum is not None:
        holds, bound = value <= rule.maximum, rule.maximum
        checks.append((holds, _in_words(rule.metric, value, "≤" if holds else MAXIMUM, bound)))
    return checks


def _in_words(name: str, value: float, relation: str, bound: float) -> str:
    """Format both with enough digits to tell the value from the bound."""
    shown = f"{value:.4g}" if f"{value:.4g}" != f"{bound:.4g}" else repr(value)
    return f"{name} {shown} {relation} {bound:g}"


@entry(TrainedRelease)
def handler(document: TrainedRelease, runtime: Runtime) -> ReleaseDocument:
    return check_quality(runtime, document)
