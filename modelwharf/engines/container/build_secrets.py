"""The secrets that let a build reach this machine's package index; no layer keeps them.

They are ``pip_conf`` and ``ca``, as the release's buildspec makes them of the same variables.
"""

import re
from collections.abc import Mapping
from pathlib import Path

# Paths to certificates and folders of this machine do not exist in the build.
_OF_THIS_MACHINE = re.compile(r" *(cert|client-cert|find-links) *=")


def build_secrets(environment: Mapping[str, str], folder: Path) -> list[str]:
    """Return ``--secret …`` words for ``docker build``; the secrets' files go to ``folder``."""
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
