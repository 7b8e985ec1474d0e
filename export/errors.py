"""Why nothing was written. Each message says what was wrong, where, and what to do next."""


class ExportError(Exception):
    """The model was not exported; the folder is as it was.

    ``reason`` is what was wrong; the message goes on with ``advice``, what to do next.
    """

    def __init__(self, reason: str, advice: str = "") -> None:
        self.reason = reason.rstrip(".")
        super().__init__(f"{self.reason}. {advice}" if advice else reason)


class CannotExport(ExportError):
    """The model, or a step of it, has no conversion, or was handed over wrongly."""


class ExportDiffers(ExportError):
    """The converted model does not answer as the trained one does."""


def no_conversion(what: str, reason: str) -> CannotExport:
    """For a model that the graph cannot hold: names it, and the two ways that are left."""
    return CannotExport(
        f"{what} cannot be converted: {reason}",
        'Two ways are left: export.write(..., fallback="skops") ships the model itself, in a file '
        'that runs no code of its own; fallback="pickle" ships a pickle, which runs whatever was '
        "put into it, and the server loads it only where its operator allows that by name. Both "
        "are served by the library, more slowly (docs/export.md).",
    )
