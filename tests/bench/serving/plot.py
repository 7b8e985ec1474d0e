"""docs/serving-benchmark.svg: every stack's one-row rate, and ours by batch and connections."""

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from tests.bench.serving import figures
from tests.bench.serving.bodies import CSV
from tests.bench.serving.figures import samples, typical
from tests.bench.serving.models import LABELS
from tests.bench.serving.report import label, number
from tests.bench.serving.results import Results

COLOURS = {"hgb": "#0072b2", "rf": "#d55e00", "ridge": "#009e73"}  # told apart by the colour-blind
BAR = 0.26


def draw(results: Results, path: Path) -> None:
    """Write the picture; the same results give the same file."""
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "serving", "svg.fonttype": "none"})
    figure, (bars, curve) = plt.subplots(1, 2, figsize=(12, 5), width_ratios=(3, 2))
    _bars(bars, results)
    _curve(curve, results)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)


def _bars(axes: Axes, results: Results) -> None:
    stacks = figures.stacks(results)
    for place, model in enumerate(figures.models(results)):
        rates = [typical(figures.one_row(results, stack, model), "rate") for stack in stacks]
        heights = [row + (place - 1) * BAR for row in range(len(stacks))]
        drawn = axes.barh(heights, rates, BAR, label=LABELS[model], color=COLOURS[model])
        axes.bar_label(drawn, [number(rate) for rate in rates], padding=2, fontsize=7)
    axes.set_yticks(range(len(stacks)), [label(stack) for stack in stacks])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.set_xlabel("requests a second: one row, 16 connections, one core")
    axes.legend(loc="lower right", fontsize=8)


def _curve(axes: Axes, results: Results) -> None:
    found = samples(results, stack="ours", model="hgb", format=CSV.name, rows=1, workers=1)
    counts = sorted({sample.connections for sample in found})
    at = {count: [one for one in found if one.connections == count] for count in counts}
    for field, style in (("p50", "o-"), ("p99", "s--")):
        heights = [typical(at[count], field) for count in counts]
        axes.plot(counts, heights, style, color=COLOURS["hgb"], label=f"ours, HGB, {field}")
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.set_yscale("log")
    axes.set_xlabel("connections, one row each")
    axes.set_ylabel("latency, ms")
    axes.legend(fontsize=8)
