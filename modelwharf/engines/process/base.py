"""The replacement for a base image: this machine's own Python."""

import hashlib
import json
import platform


def python_digest() -> str:
    """Return ``sha256:…`` of the current Python; it differs by version and machine."""
    parts = [platform.python_implementation(), platform.python_version(), platform.machine()]
    return f"sha256:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"
