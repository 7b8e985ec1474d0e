"""What a team configures in Parameter Store, one JSON document a section.

The sections live at ``/modelwharf/<project>/<section>``. Every field has a default that
works, so a new project needs no parameter but the data it trains on. A section's fields are in
``sections``, one file each; how a fault in one is worded, in ``section_text``.
"""

from typing import Any

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.section_text import read_section
from modelwharf.contracts.sections.data import TRAINING_CHANNEL, Data, DataInput, EiaSeries
from modelwharf.contracts.sections.deployment import WRITABLE_ROOT, Approval, Deployment
from modelwharf.contracts.sections.notifications import Notifications, Outcome
from modelwharf.contracts.sections.quality import Quality, QualityRule
from modelwharf.contracts.sections.source import ImageSource, Source
from modelwharf.contracts.sections.training import Hyperparameter, MetricDefinition, Training

__all__ = [
    "DEFAULT_VERSION",
    "SECTIONS",
    "TRAINING_CHANNEL",
    "WRITABLE_ROOT",
    "Approval",
    "Data",
    "DataInput",
    "Deployment",
    "EiaSeries",
    "Hyperparameter",
    "ImageSource",
    "MetricDefinition",
    "Notifications",
    "Outcome",
    "Parameters",
    "Quality",
    "QualityRule",
    "Source",
    "Training",
    "parse_section",
]


class Parameters(Contract):
    """All sections of one project."""

    source: Source = Source()
    data: Data = Data()
    training: Training = Training()
    quality: Quality = Quality()
    deployment: Deployment = Deployment()
    notifications: Notifications = Notifications()


SECTIONS: tuple[str, ...] = tuple(Parameters.model_fields)

DEFAULT_VERSION = 0
"""The version of a section that is not in Parameter Store, which counts from 1."""


def parse_section(path: str, section: str, text: str) -> Any:
    """Return the section's model from the parameter's text. Raises InvalidParameter."""
    return read_section(path, type(getattr(Parameters(), section)), text)
