"""What stands in for a base image: this machine's own Python."""

import hashlib
import json
import platform


def python_digest() -> str:
    """``sha256:…`` of the Python that runs here: another version or machine gives another."""
    parts = [platform.python_implementation(), platform.python_version(), platform.machine()]
    return f"sha256:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"
