"""What a build needs to reach this machine's package index, as secrets that no layer keeps.

The same as the release's buildspec makes of the same variables: ``pip_conf`` and ``ca``.
"""

import re
from collections.abc import Mapping
from pathlib import Path

# Its certificates and folders are this machine's, and are not in the build.
_OF_THIS_MACHINE = re.compile(r" *(cert|client-cert|find-links) *=")


def build_secrets(environment: Mapping[str, str], folder: Path) -> list[str]:
    """``--secret …`` words for ``docker build``; what they name is written to ``folder``."""
    found = {"pip_conf": _pip_conf(environment), "ca": _authorities(environment)}
    words: list[str] = []
    for name, content in found.items():
        if content is not None:
            (folder / name).write_bytes(content)
            words += ["--secret", f"id={name},src={folder / name}"]
    return words


def _pip_conf(environment: Mapping[str, str]) -> bytes | None:
    path = Path(environment.get("PIP_CONFIG_FILE", ""))
    if path.is_file():
        lines = path.read_text().splitlines(keepends=True)
        return "".join(line for line in lines if not _OF_THIS_MACHINE.match(line)).encode()
    index = environment.get("PIP_INDEX_URL")
    return f"[global]\nindex-url = {index}\n".encode() if index else None


def _authorities(environment: Mapping[str, str]) -> bytes | None:
    path = Path(environment.get("PIP_CERT") or environment.get("SSL_CERT_FILE") or "")
    return path.read_bytes() if path.is_file() else None
