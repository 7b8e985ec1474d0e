"""Checks a reason or a note that a user types."""

import click

from modelwharf.contracts.text import FREE_TEXT_LIMIT, without_controls


def require_free_text(text: str) -> str:
    """Return the text. Raises BadParameter for text that a release cannot hold."""
    if len(text) > FREE_TEXT_LIMIT:
        raise click.BadParameter(f"it has {len(text)} characters; {FREE_TEXT_LIMIT} are allowed")
    try:
        text.encode()
        return without_controls(text)
    except UnicodeEncodeError as error:
        raise click.BadParameter(
            f"character {error.start + 1} of {text!a} is not UTF-8; type it in a terminal "
            "whose language is in UTF-8 (locale charmap)"
        ) from None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def require_one_line(text: str) -> str:
    """Check a note in the same way: SageMaker stores it as ``ApprovalDescription``, which is one
    line.
    """
    if len(text.splitlines()) > 1:
        raise click.BadParameter(f"it has {len(text.splitlines())} lines; SageMaker keeps one")
    return require_free_text(text)
