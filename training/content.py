"""A file's bytes into text; the bytes decide the format, not the file's name.

A download called ``wti.csv`` may be compressed, UTF-16, a workbook or a web page.
"""

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable

from training.rejected import Rejected

LARGEST = 500 * 2**20  # bytes, unpacked

COMPRESSED: dict[bytes, Callable[[io.BytesIO], io.BufferedIOBase]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls
ZIP = b"PK\x03\x04"
WORKBOOK_MEMBERS = frozenset({"xl/workbook.xml", "xl/workbook.bin", "content.xml"})
OTHERS = {
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF document",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard",
    b"SQLite format 3": "an SQLite database",
}
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
READABLE = "readable are CSV (also .gz, .bz2, .xz) and workbooks (.xls, .xlsx, .ods)"


def unpacked(content: bytes, file: str) -> bytes:
    """The content without its compression. Raises Rejected."""
    for magic, opened in COMPRESSED.items():
        if content.startswith(magic):
            try:
                with opened(io.BytesIO(content)) as stream:
                    return _read(stream, file)
            except DAMAGED as error:
                raise Rejected(f"{file} is compressed and damaged: {error}") from None
    return content


def _read(stream: io.BufferedIOBase, file: str) -> bytes:
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Rejected(f"{file} is larger than {LARGEST // 2**20} MB, unpacked")
    return content


def is_workbook(content: bytes) -> bool:
    if content.startswith(OLE):
        return True
    return content.startswith(ZIP) and bool(WORKBOOK_MEMBERS & _members(content))


def _members(content: bytes) -> frozenset[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return frozenset(archive.namelist())
    except zipfile.BadZipFile:
        return frozenset()


def decoded(content: bytes, file: str) -> str:
    """The text. Raises Rejected for bytes that are not text, and for text that is not a table."""
    for magic, kind in OTHERS.items():
        if content.startswith(magic):
            raise Rejected(f"{file} is {kind}; {READABLE}")
    if content.startswith(ZIP):
        raise Rejected(f"{file} is a ZIP archive: unpack it, and upload the file in it")
    text = _text(content, file)
    start = text.lstrip()[:1]
    if start == "<":
        first = text.strip().splitlines()[0][:60]
        raise Rejected(
            f"{file} is a web page or XML, it begins with {first!r}: download the file itself, "
            f"not the page that shows it (a page that asks to log in is saved just so); {READABLE}"
        )
    if start in ("{", "["):
        raise Rejected(f"{file} is JSON; {READABLE}")
    return text


def _text(content: bytes, file: str) -> str:
    encoding = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8-sig":
            raise Rejected(f"{file} is damaged: it begins as UTF-16, and is not") from None
        line = _line_of(content, error.start)
        raise Rejected(
            f"{file} is not UTF-8: line {line} has the byte 0x{content[error.start]:02x}; if it "
            f"comes from Windows: iconv -f WINDOWS-1252 -t UTF-8 {file} > new.csv"
        ) from None
    if "\0" in text:
        line = _line_of(content, content.index(b"\0"))
        raise Rejected(f"{file} is not a text: line {line} has a NUL byte; {READABLE}")
    return text


def _encoding(content: bytes) -> str:
    """Whether it is UTF-16, also without a byte order mark: then every other byte is NUL."""
    if content.startswith(UTF_16):
        return "utf-16"
    start = content[:64]
    if len(start) > 1 and not any(start[1::2]) and all(start[0::2]):
        return "utf-16-le"
    if len(start) > 1 and not any(start[0::2]) and all(start[1::2]):
        return "utf-16-be"
    return "utf-8-sig"


def _line_of(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1
