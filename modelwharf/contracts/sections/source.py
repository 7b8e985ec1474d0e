"""The section ``source``: which branch releases, and what its images are built from."""

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from modelwharf.artifact.contract import Contract
from modelwharf.contracts.image_reference import ImageReference
from modelwharf.contracts.repository_path import RepositoryFolder, RepositoryPath


class ImageSource(Contract):
    """One image: its Dockerfile, and the paths in the repository that go into it.

    All are relative to the repository's root. ``context`` is the folder that the Dockerfile's
    own COPY lines begin at; of it, the build sees the inputs alone.
    """

    dockerfile: RepositoryPath
    inputs: tuple[RepositoryPath, ...] = Field(min_length=1)
    context: RepositoryFolder = "."

    @model_validator(mode="after")
    def inputs_are_in_the_context(self) -> Self:
        context = PurePosixPath(self.context)
        for path in map(PurePosixPath, self.inputs):
            if not (path.is_relative_to(context) or context.is_relative_to(path)):
                raise ValueError(
                    f"its input {str(path)!r} is not in its context {self.context!r}, so the "
                    "Dockerfile cannot copy it; inputs are paths from the repository's root"
                )
        return self


OURS = ("modelwharf/__init__.py", "modelwharf/artifact")
"""Of the package, what both images hold."""


class Source(Contract):
    """Which branch releases, and what each image is built from."""

    branch: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\s~^:?*\[\\]+$")] = (
        "main"
    )
    training_image: ImageSource = ImageSource(
        dockerfile="containers/training/Dockerfile",
        inputs=(*OURS, "training", "containers/training"),
    )
    inference_image: ImageSource = ImageSource(
        dockerfile="containers/inference/Dockerfile",
        inputs=(*OURS, "modelwharf/serving", "inference", "containers/inference"),
    )
    base_image: str = "public.ecr.aws/docker/library/python:3.12-slim"
    """Empty: the Dockerfiles name their own."""
    platform: Literal["linux/amd64"] = "linux/amd64"
    build_timeout_seconds: Annotated[int, Field(ge=300, le=8 * 60 * 60)] = 1800
    max_file_mb: Annotated[int, Field(ge=1, le=10_000)] = 500
    """A larger file in a build's context is refused: it is more often a mistake than a model."""

    @field_validator("base_image")
    @classmethod
    def names_an_image(cls, value: str) -> str:
        if value:
            ImageReference.parse(value)
        return value
