"""The training job: fit, calibrate, evaluate on the holdout, export."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from modelwharf.artifact.evaluation import EVALUATION_FILE, HOLDOUT_FILE, EvaluationReport
from modelwharf.artifact.forecast import ForecastContract, IntervalWidth
from training.evaluate import Bootstrap, evaluate
from training.export import check_same, runner, to_onnx, write_artifact
from training.features import (
    HORIZON_DAYS,
    HORIZON_FEATURE,
    Origins,
    changes,
    find_examples,
    find_origins,
    matrix,
)
from training.findings import find
from training.folders import Folders
from training.holdout import write_holdout
from training.hyperparameters import Hyperparameters, read_hyperparameters
from training.model import DriftRegressor, calibrate
from training.predictions import Predictions, to_predictions
from training.series import read_dataset
from training.split import Split, split
from training.trust import Trust, choose_trust


def train(folders: Folders) -> EvaluationReport:
    """Train from the channel's data and write the model and its evaluation.

    The judged model is shipped: it is not fitted again on the holdout. Raises Rejected for the
    user's data and settings, ExportDiffers for our own export.
    """
    settings = read_hyperparameters(folders.hyperparameters)
    dataset = read_dataset(folders.channel)
    origins = find_origins(dataset)
    parts = split(origins, find_examples(dataset, origins), settings)
    _say_split(parts)

    fitted = DriftRegressor(settings.shrinkage)
    fitted.fit(matrix(origins, parts.training), changes(origins, parts.training))
    trust = choose_trust(fitted, origins, parts.calibration, settings.reach)
    _say_trust(trust)
    model = fitted.trusted(trust.weight, trust.limit)
    widths = calibrate(
        origins,
        parts.calibration,
        model.predict(matrix(origins, parts.calibration)),
        settings.interval_level,
    )
    proto = to_onnx(model)
    holdout = matrix(origins, parts.holdout)
    change = runner(proto)(holdout)
    difference = check_same(change, model.predict(holdout))
    print(f"export largest_difference={difference:.3g} rows={len(holdout)}", flush=True)

    predictions = to_predictions(origins, parts.holdout, change, widths, settings.interval_level)
    report = evaluate(predictions, Bootstrap(settings.bootstrap_resamples, settings.seed))
    report = report.model_copy(update={"findings": find(trust, report.metrics, settings)})
    _say_report(report)

    served = _since(origins, parts.holdout_start)
    write_artifact(folders.model, proto, _contract(served, widths, settings), served)
    output = folders.output_data
    write_holdout(predictions, output / HOLDOUT_FILE, seed=settings.seed)
    (output / EVALUATION_FILE).write_text(report.model_dump_json(indent=2) + "\n")
    _plot(predictions, report, output)
    return report


def _plot(predictions: Predictions, report: EvaluationReport, output: Path) -> None:
    """Import matplotlib, which takes 0.4 s, only now: refused data needs no picture."""
    from training.plot import PLOT_FILE, plot_holdout

    plot_holdout(predictions, report, output / PLOT_FILE)


def _since(origins: Origins, day: np.datetime64) -> Origins:
    """The origins that the model was not fitted on: requests may ask only for these."""
    rows = origins.date >= day
    return replace(
        origins,
        product=origins.product[rows],
        date=origins.date[rows],
        price=origins.price[rows],
        scale=origins.scale[rows],
        features=origins.features[rows],
    )


def _contract(
    origins: Origins, widths: tuple[IntervalWidth, ...], settings: Hyperparameters
) -> ForecastContract:
    latest = {
        name: origins.date[origins.of(number)].max().item()
        for number, name in enumerate(origins.product_names)
    }
    return ForecastContract(
        products=origins.product_names,
        feature_names=(*origins.feature_names, HORIZON_FEATURE),
        horizon_days=HORIZON_DAYS,
        interval_level=settings.interval_level,
        intervals=widths,
        latest_origin=latest,
    )


def _say_split(parts: Split) -> None:
    print(
        f"split training_rows={len(parts.training)} calibration_rows={len(parts.calibration)} "
        f"holdout_rows={len(parts.holdout)} calibration_start={parts.calibration_start} "
        f"holdout_start={parts.holdout_start}",
        flush=True,
    )


def _say_trust(trust: Trust) -> None:
    meaning = "" if trust.weight else ": the forecast is the last price, the random walk"
    print(
        f"trust weight={trust.weight:.2f} gain={trust.gain:.4f} error={trust.error:.4f} "
        f"blocks={trust.blocks}{meaning}",
        flush=True,
    )


def _say_report(report: EvaluationReport) -> None:
    """One line per metric: SageMaker's metric definitions read these."""
    for name, metric in report.metrics.items():
        interval = metric.interval
        between = f" ({interval.low:.6f} to {interval.high:.6f})" if interval else ""
        print(f"holdout {name}={metric.value:.6f}{between}", flush=True)
    for finding in report.findings:
        print(f"finding: {finding}", flush=True)
    if "skill" not in report.metrics:
        print(
            "holdout skill was not measured: the random walk made no error at all, as no price "
            "changed in the holdout, but the model did; no share of nothing can be taken",
            flush=True,
        )
