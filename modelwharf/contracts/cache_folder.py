"""The cache of images' environments and of assemblies; it outlives a laptop's cloud.

Standard library only: a build's ``docker`` imports this, five times per build.
"""

from collections.abc import Mapping
from pathlib import Path

VARIABLE = "MODELWHARF_CACHE"


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder that the variable names, or ~/.cache/modelwharf."""
    named = environment.get(VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "modelwharf"
