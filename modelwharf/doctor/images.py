"""A name or a Dockerfile, as an image that the engine can run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modelwharf.contracts.examination import ExaminedImage, ImageRole
from modelwharf.doctor.build_context import other_context
from modelwharf.doctor.working_tree import refusal, stage
from modelwharf.engines.engine import BuildError, BuildRequest, Engine, ImageConfig, ImageMissing

BUILD_LINES = 15  # last lines of a failed build's output


class CannotExamine(Exception):
    """There is no image to check; the message says why, and what to do."""


@dataclass(frozen=True)
class NamedImage:
    """An image that the engine already has, such as ``my-model:latest``."""

    name: str

    def obtain(self, engine: Engine, platform: str, folder: Path) -> str:
        """Return the image's digest. Raises CannotExamine."""
        if engine.name == "process":
            raise CannotExamine(
                f"{self.name!r} is not a Dockerfile, and images by name need Docker or podman, but "
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
    """An image still to be built. With ``inputs`` empty the whole context goes into the build."""

    dockerfile: Path
    context: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.dockerfile)

    def obtain(self, engine: Engine, platform: str, folder: Path) -> str:
        """Build it and return its digest. Raises CannotExamine with the build's own last lines."""
        lines: list[str] = []
        try:
            staged = self._staged(folder)
            if refused := refusal(self.dockerfile, self.context, staged):
                details = "\n".join(f"  {line}" for line in refused)
                raise CannotExamine(
                    f"{self.dockerfile} is not built, for a release would refuse what goes into "
                    f"the image:\n{details}"
                )
            context = staged or self.context
            dockerfile = context / self._relative if staged else self.dockerfile
            request = BuildRequest(context, dockerfile, self.arguments, platform)
            return engine.build(request, lines.append).digest
        except (BuildError, ImageMissing, OSError) as error:
            # A container engine's error already has the failing step's lines in it.
            said = [] if "\n" in str(error) else lines[-BUILD_LINES:]
            details = "".join(f"\n  {line}" for line in said if line.strip())
            option = other_context(self.dockerfile, self.context)
            hint = f"\nThe folder {self.context} lacks what it copies: {option}" if option else ""
            raise CannotExamine(
                f"{self.dockerfile} does not build: {error}{details}{hint}"
            ) from None

    @property
    def _relative(self) -> Path:
        return self.dockerfile.resolve().relative_to(self.context.resolve())

    def _staged(self, folder: Path) -> Path | None:
        """Return a folder with only the inputs, as in the release's build; None without inputs."""
        if not self.inputs:
            return None
        stage(self.context, (*self.inputs, str(self._relative)), folder)
        return folder


Wanted = NamedImage | DockerfileOf


@dataclass(frozen=True)
class ReadyImage:
    """An image on this machine, and its configuration."""

    role: ImageRole
    name: str
    digest: str
    config: ImageConfig

    list_type: str = ""
    """The media type, if the name means a list of images."""

    @property
    def examined(self) -> ExaminedImage:
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
