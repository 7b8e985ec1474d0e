"""Errors of the export. Each message says what was wrong, where, and what to do next."""


class ExportError(Exception):
    """The model was not exported; the folder is unchanged.

    ``reason`` says what was wrong; ``advice``, the rest of the message, says what to do next.
    """

    def __init__(self, reason: str, advice: str = "") -> None:
        self.reason = reason.rstrip(".")
        super().__init__(f"{self.reason}. {advice}" if advice else reason)


class CannotExport(ExportError):
    """The model, or a step of it, has no conversion, or an argument is wrong."""


class ExportDiffers(ExportError):
    """The converted model's answers differ from the trained model's."""


def no_conversion(what: str, reason: str) -> CannotExport:
    """Return the error for a model that no graph can hold: it names the model and the two
    alternatives.
    """
    return CannotExport(
        f"{what} cannot be converted: {reason}",
        'Two ways are left: export.write(..., fallback="skops") ships the model itself, in a file '
        'that runs no code of its own; fallback="pickle" ships a pickle, which runs whatever was '
        "put into it, and the server loads it only where its operator allows that by name. Both "
        "are served by the library, more slowly (docs/export.md).",
    )
