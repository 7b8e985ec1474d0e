import dataclasses
import io
import json
import math
import tarfile
from typing import Any

import pytest

from lambdas.errors import QualityBelowThreshold, TrainingFailed, VerificationFailed
from lambdas.handlers.check_quality import check_quality, judge, require_plain
from modelwharf.artifact.evaluation import EvaluationReport
from modelwharf.contracts.parameters import Deployment, Quality, QualityRule, Training
from modelwharf.contracts.probe import Probe
from modelwharf.contracts.release import TrainingResult
from modelwharf.contracts.stages import TrainedRelease
from tests.unit.lambdas.conftest import World
from tests.unit.lambdas.releases import document, plan
from tests.unit.lambdas.tarballs import put_output, tarball


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


HOLDOUT = {"holdout.jsonl": b'{"request": {"day": 1}, "prediction": {"price": 50.0}}'}
PROBED = Deployment(probe=Probe(body="1,2", content_type="text/csv"))


def test_a_model_that_holds_every_bound_passes_with_the_reasons(world: World) -> None:
    put_output(world, {"evaluation.json": report(skill=0.012, mae=1.5), **HOLDOUT})
    verdict = check_quality(world.runtime, document(upto="Train")).quality
    assert verdict is not None
    assert verdict.reasons == ("skill 0.012 ≥ -0.05",)
    assert verdict.metrics == {"skill": 0.012, "mae": 1.5}


def test_intervals_that_hold_far_too_few_prices_are_refused_by_default(world: World) -> None:
    put_output(world, {"evaluation.json": report(skill=0.1, coverage_gap=-0.25), **HOLDOUT})
    words = refusal(world, document(upto="Train"))
    assert words.startswith("coverage_gap -0.25 is below its minimum -0.2. Measured")


def test_a_rule_on_what_need_not_be_measured_says_nothing_without_it() -> None:
    rules = [QualityRule(metric="coverage_gap", minimum=-0.2, if_measured=True)]
    assert judge({"skill": 1.0}, rules).reasons == ()
    assert judge({"skill": 1.0}, rules).passed
    assert not judge({"coverage_gap": -0.3}, rules).passed


def found(sentence: str, skill: float) -> dict[str, bytes]:
    content = json.loads(report(skill=skill)) | {"findings": [sentence]}
    return {"evaluation.json": json.dumps(content).encode(), **HOLDOUT}


def test_what_the_program_found_is_in_the_verdict(world: World) -> None:
    put_output(world, found("the model is the random walk", skill=0.0))
    verdict = check_quality(world.runtime, document(upto="Train")).quality
    assert verdict is not None
    assert verdict.findings == ("the model is the random walk",)
    assert verdict.in_words() == "skill 0 ≥ -0.05\nthe model is the random walk"


def test_what_was_found_of_the_data_is_in_the_verdict_first(world: World) -> None:
    put_output(world, found("the model is the random walk", skill=0.0))
    release = document(upto="Train")
    assert release.data is not None
    data = release.data.model_copy(update={"findings": ("wti: 3 are gone",)})
    verdict = check_quality(world.runtime, release.model_copy(update={"data": data})).quality
    assert verdict is not None
    assert verdict.findings == ("wti: 3 are gone", "the model is the random walk")


def test_what_the_program_found_is_reported_with_a_refusal(world: World) -> None:
    put_output(world, found("the intervals are too narrow", skill=-0.5))
    assert refusal(world, document(upto="Train")).endswith(
        "The bounds are in /modelwharf/oil-price/quality. Besides, the intervals are too narrow"
    )


def test_every_broken_bound_is_named_with_value_and_bound(world: World) -> None:
    put_output(world, {"evaluation.json": report(skill=-0.2, mae=9.0, rmse=1.0)})
    rules = (rule("skill", minimum=-0.05), rule("mae", maximum=3), rule("rmse", maximum=2))
    doc = document(upto="Train", plan=plan(quality=Quality(rules=rules)))
    with pytest.raises(QualityBelowThreshold) as caught:
        check_quality(world.runtime, doc)
    message = str(caught.value)
    assert "skill -0.2 is below its minimum -0.05; mae 9 is above its maximum 3." in message
    assert "/modelwharf/oil-price/quality" in message
    assert "rmse 1 ≤" not in message


def test_a_refusal_carries_every_figure_for_nothing_else_keeps_them(world: World) -> None:
    put_output(world, {"evaluation.json": report(skill=-0.2, mae=9.0, rmse=1.23456)})
    with pytest.raises(QualityBelowThreshold) as caught:
        check_quality(world.runtime, document(upto="Train"))
    assert "Measured: skill -0.2, mae 9, rmse 1.235." in str(caught.value)
    assert "wharf show" not in str(caught.value)


def foreign(metrics: dict[str, float], **sections: Any) -> TrainedRelease:
    """A release of an image that knows nothing of ours, up to its trained model."""
    training = TrainingResult(
        job="j",
        artifact="s3://artifacts/b",
        artifact_version="v1",
        output=None,
        metrics=metrics,
        seconds=1,
    )
    return document(upto="Train", training=training, plan=plan(**sections))


def refusal(world: World, doc: TrainedRelease) -> str:
    with pytest.raises(QualityBelowThreshold) as caught:
        check_quality(world.runtime, doc)
    return str(caught.value)


def test_without_a_report_the_metrics_from_the_log_are_judged(world: World) -> None:
    put_output(world, {"plot.png": b""})
    rules = Quality(rules=(rule("holdout:skill", minimum=0),))
    doc = document(upto="Train", plan=plan(quality=rules, deployment=PROBED))
    verdict = check_quality(world.runtime, doc).quality
    assert verdict is not None
    assert verdict.reasons == ("holdout:skill 0.1 ≥ 0",)


def test_without_any_output_the_metrics_from_the_log_are_judged(world: World) -> None:
    rules = Quality(rules=(rule("accuracy", minimum=0.9),))
    doc = foreign({"accuracy": 0.92}, quality=rules, deployment=PROBED)
    verdict = check_quality(world.runtime, doc).quality
    assert verdict is not None
    assert verdict.metrics == {"accuracy": 0.92}


def test_a_rule_about_a_figure_that_the_model_has_not_tells_how_to_set_the_rules(
    world: World,
) -> None:
    words = refusal(world, foreign({"accuracy": 0.92}, deployment=PROBED))
    assert words == (
        "skill was not measured. Measured: accuracy 0.92. The bounds are in "
        "/modelwharf/oil-price/quality: let its rules be about what was measured, for example "
        '{"rules": [{"metric": "accuracy", "minimum": 0.92}]}'
    )


@pytest.mark.parametrize(
    ("asked", "measured", "advised"),
    [
        ("skil", {"mae": 1.2, "skill": 0.1}, {"metric": "skill", "minimum": 0.0}),
        ("accuracy", {"rmse": 5.1437}, {"metric": "rmse", "maximum": 5.14}),
    ],
)
def test_the_rule_that_is_advised_is_the_own_one_or_bounds_the_right_side(
    world: World, asked: str, measured: dict[str, float], advised: dict[str, object]
) -> None:
    rules = Quality(rules=(rule(asked, minimum=0.0),))
    words = refusal(world, foreign(measured, quality=rules, deployment=PROBED))
    assert json.loads(words.split("for example ")[1]) == {"rules": [advised]}


def test_a_model_of_which_nothing_was_measured_tells_how_to_measure(world: World) -> None:
    words = refusal(world, foreign({}, deployment=PROBED))
    assert "no metric definition (holdout:mae, holdout:skill) was found in its log" in words
    assert "set /modelwharf/oil-price/training to what it prints" in words
    example = words.split("for example ")[1].split(", and the rules")[0]
    assert Training.model_validate_json(example).metric_definitions[0].name == "accuracy"


def test_a_broken_bound_on_what_was_measured_gives_no_such_advice(world: World) -> None:
    rules = Quality(rules=(rule("accuracy", minimum=0.95),))
    words = refusal(world, foreign({"accuracy": 0.92}, quality=rules, deployment=PROBED))
    assert words.endswith("The bounds are in /modelwharf/oil-price/quality")


def test_a_model_that_cannot_be_verified_is_refused_before_it_serves(world: World) -> None:
    rules = Quality(rules=(rule("accuracy", minimum=0.9),))
    with pytest.raises(VerificationFailed) as caught:
        check_quality(world.runtime, foreign({"accuracy": 0.92}, quality=rules))
    words = str(caught.value)
    assert "left no holdout.jsonl and no probe is configured" in words
    example = words.split("for example ")[1]
    assert Deployment.model_validate_json(example).probe is not None


def test_what_is_missing_for_the_verification_is_reported_with_what_the_gate_lacks(
    world: World,
) -> None:
    words = refusal(world, foreign({"accuracy": 0.92}))
    assert words.startswith("skill was not measured")
    assert "Besides, the training job left no holdout.jsonl and no probe is configured" in words


def test_a_report_of_another_shape_is_refused_by_place(world: World) -> None:
    put_output(world, {"evaluation.json": b'{"metrics": {"skill": 0.1}}'})
    words = refusal(world, document(upto="Train"))
    assert "is not an evaluation report: metrics.skill" in words
    example = words.split("a report is such as ")[1].split(". A program")[0]
    assert EvaluationReport.model_validate_json(example)


def test_a_metric_that_was_not_measured_fails_by_name() -> None:
    verdict = judge({"mae": 1.0, "rmse": 2.0}, [rule("skill", minimum=0)])
    assert not verdict.passed
    assert verdict.reasons == ("skill was not measured",)


def test_nan_meets_no_bound_and_is_not_carried_on() -> None:
    verdict = judge({"skill": math.nan}, [rule("skill", minimum=-9, maximum=9)])
    assert not verdict.passed
    assert verdict.reasons == ("skill is not a number, which meets no bound",)
    assert verdict.metrics == {}


def test_a_value_on_the_bound_holds() -> None:
    assert judge({"mae": 3.0}, [rule("mae", minimum=3, maximum=3)]).passed


def test_a_value_that_rounds_to_the_bound_is_reported_in_full() -> None:
    verdict = judge({"skill": -0.0500001}, [rule("skill", minimum=-0.05)])
    assert verdict.reasons == ("skill -0.0500001 is below its minimum -0.05",)


def test_how_much_of_a_huge_model_archive_was_searched_is_a_finding(world: World) -> None:
    training = document(upto="Train").training
    assert training is not None
    key = training.artifact.removeprefix("s3://artifacts/")
    world.s3.put_object(Bucket="artifacts", Key=key, Body=b"never read")
    left = iter([900.0, 10.0])
    runtime = dataclasses.replace(world.runtime, seconds_left=lambda: next(left))
    (finding,) = require_plain(runtime, training)
    assert finding.startswith("the model archive is so large that only its first 0.0 GB were")
    assert require_plain(world.runtime, plain(world, training)) == ()


def plain(world: World, training: TrainingResult) -> TrainingResult:
    """Its archive holds one file."""
    key = training.artifact.removeprefix("s3://artifacts/")
    world.s3.put_object(Bucket="artifacts", Key=key, Body=tarball({"weights.bin": b"1"}))
    return training


def test_a_model_archive_with_links_is_refused_before_anything_deploys(world: World) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("latest.bin")
        member.type, member.linkname = tarfile.SYMTYPE, "weights.bin"
        archive.addfile(member)
    put_output(world, {"evaluation.json": report(skill=0.012), **HOLDOUT})
    doc = document(upto="Train")
    assert doc.training is not None
    key = doc.training.artifact.removeprefix("s3://artifacts/")
    world.s3.put_object(Bucket="artifacts", Key=key, Body=buffer.getvalue())
    with pytest.raises(TrainingFailed, match=r"latest.bin is a symbolic link to weights.bin.*cp"):
        check_quality(world.runtime, doc)
