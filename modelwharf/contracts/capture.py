"""Data capture: the share of an endpoint's requests that is kept, and its place."""

from typing import Annotated

from pydantic import Field

from modelwharf.artifact.contract import Contract

CAPTURE_PREFIX = "capture"
"""Key prefix in the artifact bucket; below it SageMaker adds endpoint, variant and hour."""


class Capture(Contract):
    """SageMaker keeps this share of the requests, each with its answer."""

    percent: Annotated[int, Field(ge=0, le=100)]
    """0: none, as without the setting."""
