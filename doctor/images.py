"""A name or a Dockerfile, as an image that the engine can run."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contracts.examination import ExaminedImage, ImageRole
from localcloud.engine import BuildError, BuildRequest, Engine, ImageConfig, ImageMissing

BUILD_LINES = 15  # of a failed build's output


class CannotExamine(Exception):
    """There is no image to check; the message says why, and what to do."""


@dataclass(frozen=True)
class NamedImage:
    """An image that the engine has already, such as ``my-model:latest``."""

    name: str

    def obtain(self, engine: Engine, platform: str, folder: Path) -> str:
        """The image's digest. Raises CannotExamine."""
        if engine.name == "process":
            raise CannotExamine(
                f"{self.name!r} is no Dockerfile, and images by name need Docker or podman, but "
                f"the engine is {engine.description}: start Docker or podman, or give the path of "
                "a Dockerfile"
            )
        try:
            return engine.find(self.name).digest
        except ImageMissing:
            raise CannotExamine(
                f"no image {self.name!r} on this machine: build or pull it first, or give the "
                "path of a Dockerfile"
            ) from None
        except OSError as error:
            raise CannotExamine(
                f"the engine cannot look for {self.name!r} ({error}): give a name such as "
                "my-model:latest, or the path of a Dockerfile"
            ) from None


@dataclass(frozen=True)
class DockerfileOf:
    """An image still to be built. ``inputs`` empty: the whole context goes into the build."""

    dockerfile: Path
    context: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.dockerfile)

    def obtain(self, engine: Engine, platform: str, folder: Path) -> str:
        """Build it. Raises CannotExamine with the build's own last lines."""
        lines: list[str] = []
        try:
            context, dockerfile = self._staged(folder) if self.inputs else self._whole()
            request = BuildRequest(context, dockerfile, self.arguments, platform)
            return engine.build(request, lines.append).digest
        except (BuildError, ImageMissing, OSError) as error:
            # A container engine's error has the failing step's lines in it already.
            said = [] if "\n" in str(error) else lines[-BUILD_LINES:]
            told = "".join(f"\n  {line}" for line in said if line.strip())
            raise CannotExamine(f"{self.dockerfile} does not build: {error}{told}") from None

    def _whole(self) -> tuple[Path, Path]:
        return self.context, self.dockerfile

    def _staged(self, folder: Path) -> tuple[Path, Path]:
        """Only the inputs, as the release's build has them."""
        relative = self.dockerfile.resolve().relative_to(self.context.resolve())
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        for name in (*self.inputs, str(relative)):
            source, target = self.context / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
        return folder, folder / relative


Wanted = NamedImage | DockerfileOf


@dataclass(frozen=True)
class ReadyImage:
    """An image on this machine, and what it says of itself."""

    role: ImageRole
    name: str
    digest: str
    config: ImageConfig

    list_type: str = ""
    """The media type, where the name means a list of images."""

    @property
    def told(self) -> ExaminedImage:
        return ExaminedImage(
            role=self.role, name=self.name, digest=self.digest, platform=self.config.platform
        )


def ready(
    engine: Engine, wanted: Wanted, role: ImageRole, platform: str, folder: Path
) -> ReadyImage:
    """Build or find the image. Raises CannotExamine."""
    digest = wanted.obtain(engine, platform, folder)
    listed = engine.list_type(wanted.name) if isinstance(wanted, NamedImage) else ""
    return ReadyImage(role, wanted.name, digest, engine.config(digest), listed)
