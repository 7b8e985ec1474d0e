"""Converts a trained model to the server's files and compares both before writing.

    from modelwharf import export
    report = export.write(model, "/opt/ml/model", inputs=X_holdout, columns=[...])

``docs/export.md`` has a program for each library.
"""

from modelwharf.artifact.table import Tolerance
from modelwharf.export.artifact import write
from modelwharf.export.errors import CannotExport, ExportDiffers, ExportError
from modelwharf.export.report import Report

__all__ = ["CannotExport", "ExportDiffers", "ExportError", "Report", "Tolerance", "write"]
