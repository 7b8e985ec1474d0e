"""The part of this package that images install, as a wheel of the installed files.

A project keeps it in ``vendor/``. Its version is the digest of its content: another version of the
command line, of the laptop's cloud or of the release contracts changes no image.
"""

import base64
import hashlib
import zipfile
from pathlib import Path

import modelwharf

PACKAGE = Path(modelwharf.__file__).parent
ROOMS = ("artifact", "export", "serving")
"""The subpackages that programs in images import, besides the package's own ``__init__``."""
WHEELS = "modelwharf-*.whl"
"""The pattern of the wheel's file name."""
DIGITS = 12  # digits of the digest in the version
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest timestamp of a zip file
MODE = 0o644 << 16


def write_runtime_wheel(folder: Path, package: Path = PACKAGE) -> Path:
    """Write the wheel into ``folder`` and return its path. The same files give the same bytes."""
    files = {f"modelwharf/{name}": content for name, content in _files(package).items()}
    version = f"0+{_digest(files)}"
    info = f"modelwharf-{version}.dist-info"
    files[f"{info}/METADATA"] = _lines(
        "Metadata-Version: 2.1",
        "Name: modelwharf",
        f"Version: {version}",
        "Summary: The part of Modelwharf that images install.",
        "License: Apache-2.0",
    )
    files[f"{info}/WHEEL"] = _lines(
        "Wheel-Version: 1.0", "Generator: wharf", "Root-Is-Purelib: true", "Tag: py3-none-any"
    )
    record = [f"{name},{_record_hash(text)},{len(text)}" for name, text in files.items()]
    files[f"{info}/RECORD"] = _lines(*record, f"{info}/RECORD,,")
    path = folder / f"modelwharf-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = MODE
            wheel.writestr(entry, content, zipfile.ZIP_STORED)
    return path


def _files(package: Path) -> dict[str, bytes]:
    places = [package / "__init__.py", package / "py.typed"]
    for room in ROOMS:
        places += sorted((package / room).rglob("*"))
    return {
        str(path.relative_to(package)): path.read_bytes()
        for path in places
        if path.is_file() and "__pycache__" not in path.parts
    }


def _digest(files: dict[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name, content in files.items():
        whole.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()[:DIGITS]


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _record_hash(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"sha256={digest}"
