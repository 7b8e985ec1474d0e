"""A trained model into the files that the server reads, compared before they are written.

    import export
    report = export.write(model, "/opt/ml/model", inputs=X_holdout, columns=[...])

``docs/export.md`` has a program for each library.
"""

from contracts.table import Tolerance
from export.artifact import Report, write
from export.errors import CannotExport, ExportDiffers, ExportError

__all__ = ["CannotExport", "ExportDiffers", "ExportError", "Report", "Tolerance", "write"]
