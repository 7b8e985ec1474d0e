import json
import math
from typing import Any

import pytest

from contracts.parameters import Quality, QualityRule
from contracts.release import TrainingResult
from lambdas.check_quality import check_quality, judge
from lambdas.errors import QualityBelowThreshold
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.releases import document, plan
from tests.unit.lambdas.tarballs import put_output


def rule(metric: str, **bounds: float) -> QualityRule:
    return QualityRule(metric=metric, **bounds)


def report(**metrics: Any) -> bytes:
    return json.dumps(
        {
            "metrics": {name: {"value": value} for name, value in metrics.items()},
            "holdout_rows": 10,
            "created": "2026-11-21T09:00:00Z",
        }
    ).encode()


def test_a_model_that_holds_every_bound_passes_with_the_reasons(world: World) -> None:
    put_output(world, {"evaluation.json": report(skill=0.012, mae=1.5)})
    verdict = check_quality(world.site, document(upto="Train")).quality
    assert verdict is not None
    assert verdict.reasons == ("skill 0.012 ≥ -0.05",)
    assert verdict.metrics == {"skill": 0.012, "mae": 1.5}


def test_every_broken_bound_is_named_with_value_and_bound(world: World) -> None:
    put_output(world, {"evaluation.json": report(skill=-0.2, mae=9.0, rmse=1.0)})
    rules = (rule("skill", minimum=-0.05), rule("mae", maximum=3), rule("rmse", maximum=2))
    doc = document(upto="Train", plan=plan(quality=Quality(rules=rules)))
    with pytest.raises(QualityBelowThreshold) as caught:
        check_quality(world.site, doc)
    message = str(caught.value)
    assert "skill -0.2 ≥ -0.05 does not hold; mae 9 ≤ 3 does not hold." in message
    assert "/modelwharf/oil-price/quality" in message
    assert "rmse 1 ≤" not in message


def test_a_refusal_carries_every_figure_for_nothing_else_keeps_them(world: World) -> None:
    put_output(world, {"evaluation.json": report(skill=-0.2, mae=9.0, rmse=1.23456)})
    with pytest.raises(QualityBelowThreshold) as caught:
        check_quality(world.site, document(upto="Train"))
    assert "Measured: skill -0.2, mae 9, rmse 1.235." in str(caught.value)
    assert "wharf show" not in str(caught.value)


def test_without_a_report_the_metrics_from_the_log_are_judged(world: World) -> None:
    put_output(world, {"plot.png": b""})
    rules = Quality(rules=(rule("holdout:skill", minimum=0),))
    verdict = check_quality(world.site, document(upto="Train", plan=plan(quality=rules))).quality
    assert verdict is not None
    assert verdict.reasons == ("holdout:skill 0.1 ≥ 0",)


def test_without_any_output_the_metrics_from_the_log_are_judged(world: World) -> None:
    training = TrainingResult(
        job="j", artifact="s3://a/b", output=None, metrics={"skill": 1.0}, seconds=1
    )
    verdict = check_quality(world.site, document(upto="Train", training=training)).quality
    assert verdict is not None
    assert verdict.metrics == {"skill": 1.0}


def test_a_report_of_another_shape_is_refused_by_place(world: World) -> None:
    put_output(world, {"evaluation.json": b'{"metrics": {"skill": 0.1}}'})
    with pytest.raises(QualityBelowThreshold, match=r"no evaluation report: metrics\.skill"):
        check_quality(world.site, document(upto="Train"))


def test_a_metric_that_was_not_measured_fails_by_name() -> None:
    verdict = judge({"mae": 1.0, "rmse": 2.0}, [rule("skill", minimum=0)])
    assert not verdict.passed
    assert verdict.reasons == ("skill was not measured",)


def test_nan_meets_no_bound_and_is_not_carried_on() -> None:
    verdict = judge({"skill": math.nan}, [rule("skill", minimum=-9, maximum=9)])
    assert not verdict.passed
    assert verdict.metrics == {}


def test_a_value_on_the_bound_holds() -> None:
    assert judge({"mae": 3.0}, [rule("mae", minimum=3, maximum=3)]).passed


def test_a_value_that_rounds_to_the_bound_is_told_in_full() -> None:
    verdict = judge({"skill": -0.0500001}, [rule("skill", minimum=-0.05)])
    assert verdict.reasons == ("skill -0.0500001 ≥ -0.05 does not hold",)
