"""Data capture: which share of an endpoint's requests and answers is kept, and where."""

from typing import Annotated

from pydantic import Field

from contracts.model import Contract

CAPTURE_PREFIX = "capture"
"""Key prefix in the artifact bucket; below it SageMaker adds endpoint, variant and hour."""


class Capture(Contract):
    """SageMaker keeps this share of the requests, each with its answer."""

    percent: Annotated[int, Field(ge=0, le=100)]
    """0: none, as without the setting."""
