"""The folders of a job's input and output.

Source: "How Amazon SageMaker Provides Training Information" and "How Amazon SageMaker
Processing Configures Input and Output" in the SageMaker developer guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHANNEL = "training"


@dataclass(frozen=True)
class Folders:
    """The tree below ``base``, which is ``/opt/ml`` in a SageMaker container."""

    base: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Folders":
        """SAGEMAKER_BASE_DIR moves the tree, as in SageMaker's own toolkits."""
        return cls(Path(environment.get("SAGEMAKER_BASE_DIR", "/opt/ml")))

    @property
    def processing_input(self) -> Path:
        return self.base / "processing" / "input"

    @property
    def processing_previous(self) -> Path:
        """The prepare program's output for the serving release; missing without one."""
        return self.base / "processing" / "previous"

    @property
    def processing_hyperparameters(self) -> Path:
        """What the training job will be given, where the release says so."""
        return self.processing_input / "hyperparameters.json"

    @property
    def processing_output(self) -> Path:
        return self.base / "processing" / "output"

    @property
    def input(self) -> Path:
        return self.base / "input"

    @property
    def channel(self) -> Path:
        return self.input / "data" / CHANNEL

    @property
    def hyperparameters(self) -> Path:
        return self.input / "config" / "hyperparameters.json"

    @property
    def resources(self) -> Path:
        return self.input / "config" / "resourceconfig.json"

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        return self.output / "data"

    @property
    def training_failure(self) -> Path:
        """SageMaker shows this file's text as the training job's FailureReason."""
        return self.output / "failure"

    @property
    def processing_message(self) -> Path:
        """SageMaker shows this file's text as the processing job's ExitMessage."""
        return self.output / "message"
