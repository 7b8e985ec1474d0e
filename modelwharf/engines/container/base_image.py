"""Find the base image of a Dockerfile on this machine, or pull it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from docker.errors import APIError, DockerException

from modelwharf.engines.container.connection import Connection
from modelwharf.engines.engine import ImageMissing, LogSink


def digest(connection: Connection, reference: str, platform: str) -> str:
    """Return ``sha256:…`` of a base image, which is pulled when it is not on this machine.

    A pulled image has its registry's digest; for an image that was built here it is the image's own
    id. An empty ``platform`` stands for any. Raises ImageMissing with the engine's words,
    EngineLost.
    """
    name, _, given = reference.partition("@")
    found = inspect(connection, reference)
    if found is None or not _is_for(found, platform):
        # Avoid the pull if the engine can ask the registry: a release's first step is short.
        digest_found = given or _digest_from_registry(connection, name)
        if digest_found:
            return digest_found
        pull(connection, reference, platform)
        found = inspect(connection, reference)
        if found is None:
            raise ImageMissing(f"{reference}: the engine pulled it, and has it not")
    return given or digests(found)[0]


def local_name(connection: Connection, reference: str, platform: str, log: LogSink) -> str:
    """Return the name under which an engine builds from exactly this base.

    Engines look up ``name@sha256:…`` at the registry, even for an image that was never there. So
    the digest is checked here. Raises ImageMissing, EngineLost.
    """
    name, _, wanted = reference.partition("@")
    if not wanted:
        return reference
    found = inspect(connection, name)
    if found is not None and wanted in digests(found):
        return name
    pinned = f"{_repository(name)}@{wanted}"
    if inspect(connection, pinned) is None:
        log(f"{reference} is not here: pulling it")
        try:
            pull(connection, pinned, platform)
        except ImageMissing as error:
            raise ImageMissing(_why_not(reference, found, error)) from None
    return pinned


def _why_not(reference: str, found: Mapping[str, Any] | None, error: ImageMissing) -> str:
    if found is None:
        return str(error)
    name = reference.partition("@")[0]
    return (
        f"{error}. {name} is here as {digests(found)[0]}: when it is meant, start the release "
        "again, and it takes that one"
    )


def inspect(connection: Connection, reference: str) -> Mapping[str, Any] | None:
    """Return the engine's description of an image; None when it has no image of the name."""
    try:
        with connection.speaking(f"look at image {reference}"):
            found: Mapping[str, Any] = connection.client.images.get(reference).attrs
    except ImageMissing:
        return None
    return found


def digests(inspected: Mapping[str, Any]) -> list[str]:
    """Return every digest that may identify this image; the first is its preferred name."""
    listed = sorted(name.rpartition("@")[2] for name in inspected.get("RepoDigests") or [])
    return [*listed, str(inspected["Id"])]


def pull(connection: Connection, reference: str, platform: str) -> None:
    """Pull an image. Raises ImageMissing with the engine's own words, EngineLost."""
    name, _, pinned = reference.partition("@")
    repository = _repository(name)
    tag = pinned or name[len(repository) + 1 :] or "latest"
    try:
        with connection.speaking(f"pull {reference}"):
            for message in connection.client.api.pull(
                repository, tag=tag, platform=platform or None, stream=True, decode=True
            ):
                if "error" in message:
                    raise ImageMissing(_not_pulled(reference, platform, message["error"]))
    except OSError as error:
        raise ImageMissing(_not_pulled(reference, platform, str(error))) from None


def _not_pulled(reference: str, platform: str, words: str) -> str:
    wanted = f" for {platform}" if platform else ""
    return f"base image {reference}{wanted} is not here and cannot be pulled: {words.strip()}"


def _digest_from_registry(connection: Connection, reference: str) -> str | None:
    """Ask the registry for an image's digest through Docker; podman has no such call."""
    with suppress(APIError, DockerException):
        data = connection.client.images.get_registry_data(reference)
        return str(data.id)
    return None


def _is_for(inspected: Mapping[str, Any], platform: str) -> bool:
    return not platform or platform == f"{inspected['Os']}/{inspected['Architecture']}"


def _repository(name: str) -> str:
    """Return ``name`` without its tag; a colon before the last slash belongs to a port."""
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(":")[0]
