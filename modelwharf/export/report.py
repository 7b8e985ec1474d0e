"""The export's report: what was written, and how it compares with the trained model."""

from dataclasses import dataclass
from typing import Literal

from modelwharf.artifact.table import Tolerance


@dataclass(frozen=True)
class Report:
    """The files' kind and the result of the comparison.

    ``rows`` were compared, ``near_thresholds`` of them at a threshold or a step from it.
    ``difference`` is the largest absolute one on the inputs and near thresholds. ``exact``: there
    was no difference, on random rows included. ``reason`` says why the fallback was used, "" when
    it was not.
    """

    runtime: Literal["onnx", "skops", "pickle"]
    rows: int
    near_thresholds: int
    difference: float
    exact: bool
    tolerance: Tolerance
    reason: str = ""

    def __str__(self) -> str:
        near = "equal to the last bit" if self.exact else f"equal within {self.tolerance}"
        why = f"; not ONNX, for {self.reason}" if self.reason else ""
        return (
            f"exported runtime={self.runtime} rows={self.rows} "
            f"near_thresholds={self.near_thresholds} "
            f"largest_difference={self.difference:.3g}: {near}{why}"
        )
