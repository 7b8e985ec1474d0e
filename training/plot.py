"""The plot of the holdout: forecasts and actual prices."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from modelwharf.artifact.evaluation import EvaluationReport
from training.predictions import Predictions

PLOT_FILE = "holdout.png"
HORIZONS = (5, 20)  # business days: a week and a month
ACTUAL = "#1b1b1b"
FORECAST = "#c2410c"
PANEL_HEIGHT = 3.6  # inches


def plot_holdout(predictions: Predictions, report: EvaluationReport, path: Path) -> None:
    """Write a PNG: one row per product, one column per horizon."""
    products = predictions.product_names
    spacing = ConstrainedLayoutEngine(h_pad=0.14, w_pad=0.08)  # inches
    figure = Figure(figsize=(12, 1.1 + PANEL_HEIGHT * len(products)), layout=spacing)
    panels = figure.subplots(len(products), len(HORIZONS), squeeze=False, sharex=True, sharey="row")
    for number, name in enumerate(products):
        for column, horizon in enumerate(HORIZONS):
            rows = (predictions.product == number) & (predictions.horizon == horizon)
            panel = panels[number][column]
            _draw(panel, predictions, rows)
            panel.set_title(f"{name}, {horizon} business days ahead", loc="left", fontsize=11)
        panels[number][0].set_ylabel("US dollars")
    for panel in panels.flat:
        panel.tick_params(labelbottom=True)
    figure.suptitle(_headline(report), x=0.01, ha="left", fontsize=12)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=3, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _draw(panel: Axes, predictions: Predictions, rows: np.ndarray) -> None:
    day = predictions.target_date[rows]
    panel.fill_between(
        day,
        predictions.low[rows],
        predictions.high[rows],
        color=FORECAST,
        alpha=0.16,
        linewidth=0,
        label=f"{predictions.level:.0%} interval",
    )
    panel.plot(day, predictions.forecast[rows], color=FORECAST, linewidth=1.2, label="forecast")
    panel.plot(day, predictions.actual[rows], color=ACTUAL, linewidth=1.2, label="actual price")
    # matplotlib does not type its date axes.
    panel.xaxis.set_major_locator(AutoDateLocator(maxticks=6))  # type: ignore[no-untyped-call]
    panel.xaxis.set_major_formatter(DateFormatter("%b %Y"))  # type: ignore[no-untyped-call]
    panel.grid(axis="y", color="#dddddd", linewidth=0.6)
    panel.margins(x=0.01)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _headline(report: EvaluationReport) -> str:
    metrics = report.metrics
    parts: Iterable[str] = (
        "Holdout forecasts",
        f"mean absolute error {metrics['mae'].value:.2f} USD",
        f"random walk {metrics['mae_random_walk'].value:.2f} USD",
        f"skill {metrics['skill'].value:+.3f}" if "skill" in metrics else "",
        f"{metrics['coverage'].value:.0%} of prices inside the interval",
    )
    return "  |  ".join(part for part in parts if part)
