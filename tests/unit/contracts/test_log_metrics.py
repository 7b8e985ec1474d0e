"""Figures are read from a log as SageMaker reads them, and truncated numbers are detected."""

import pytest

from modelwharf.contracts.log_metrics import LogFigure, figures_in


@pytest.mark.parametrize(
    ("expression", "line", "found"),
    [
        ("mae=([0-9.]+)", "mae=2.5", [LogFigure(2.5)]),
        ("mae=([0-9.]+)", "mae=7.5e-05", [LogFigure(7.5, "7.5e-05")]),
        ("mae=([0-9.]+)", "mae=1E+3, r2=1", [LogFigure(1.0, "1E+3")]),
        ("mae=([0-9.]+)", "mae=1,234.5", [LogFigure(1.0, "1,234.5")]),
        ("mae=([0-9])", "mae=12.5", [LogFigure(1.0, "12.5")]),
        ("mae=([-+0-9.eE]+)", "mae=7.5e-05", [LogFigure(7.5e-05)]),
        ("mae=([0-9.]+)", "mae=2 epochs", [LogFigure(2.0)]),
        ("pair=([0-9]+),", "pair=5,100", [LogFigure(5.0)]),
        ("mae=([0-9.]+)", "mae=1 mae=2", [LogFigure(1.0), LogFigure(2.0)]),
        ("mae=([0-9.]+)", "mae=0.5.", []),
        ("mae=(.+)", "mae=cat", []),
    ],
)
def test_what_an_expression_reads(expression: str, line: str, found: list[LogFigure]) -> None:
    assert list(figures_in(expression, line)) == found
