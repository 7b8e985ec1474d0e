"""Where environments of images, and assemblies, outlive a laptop's cloud.

Standard library alone: a build's ``docker`` starts with this, five times a build.
"""

from collections.abc import Mapping
from pathlib import Path

VARIABLE = "MODELWHARF_CACHE"


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder that the variable names, or ~/.cache/modelwharf."""
    named = environment.get(VARIABLE)
    return Path(named) if named else Path.home() / ".cache" / "modelwharf"
