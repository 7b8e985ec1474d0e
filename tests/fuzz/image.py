"""What the inference image sets for its program, as its Dockerfile says it."""

import re
from pathlib import Path

DOCKERFILE = Path(__file__).parents[2] / "containers" / "inference" / "Dockerfile"


def environment() -> dict[str, str]:
    """The variables: how many threads there are, and when malloc gives memory back."""
    return dict(re.findall(r"^ENV (\w+)=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE))
