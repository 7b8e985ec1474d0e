"""Reads a user's text file: UTF-8, or an encoding of Windows programs."""

import codecs
from typing import IO

from modelwharf.cli.errors import CommandError

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(file: IO[bytes]) -> str:
    """Return the text without a byte-order mark. PowerShell's ``>`` writes UTF-16 with one.

    Raises CommandError when it is not text.
    """
    content = file.read()
    encoding = "utf-16" if content.startswith(UTF_16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        name = getattr(file, "name", "the file")
        raise CommandError(
            f"{name} is not UTF-8: byte {error.start + 1} is {content[error.start]:#x}; save it as "
            "UTF-8"
        ) from None
