"""Parses the arguments and options of ``wharf doctor``."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from modelwharf.cli.checkout import Checkout
from modelwharf.cli.demo_data import demo_series
from modelwharf.cli.doctor_project import project_of
from modelwharf.contracts.examination import ImageRole
from modelwharf.contracts.parameters import TRAINING_CHANNEL, ImageSource, Source
from modelwharf.doctor import DockerfileOf, NamedImage, Sample, Wanted

BASE_IMAGE = "BASE_IMAGE"
DOCKERFILE = "Dockerfile"
DOCKERFILES_SHOWN = 5
PRODUCT = "wti"
DAYS = 2500  # days of prices: ten years, which train in seconds

Callback = Callable[[click.Context, click.Parameter, Any], Any]


def pairs(context: click.Context, parameter: click.Parameter, words: Any) -> dict[str, str]:
    """Parse ``NAME=VALUE``, repeatable."""
    broken = [word for word in words if "=" not in word]
    if broken:
        raise click.BadParameter(f"{broken[0]!r} has no =; write NAME=VALUE")
    return dict(word.split("=", 1) for word in words)


def channels(context: click.Context, parameter: click.Parameter, words: Any) -> dict[str, Path]:
    """Parse ``FOLDER`` or ``NAME=FOLDER``, repeatable."""
    found: dict[str, Path] = {}
    for word in words:
        name, equals, folder = word.partition("=")
        found[name if equals else TRAINING_CHANNEL] = Path(folder if equals else word)
    for path in found.values():
        if not path.is_dir():
            raise click.BadParameter(f"{str(path)!r} is not a folder; write FOLDER or NAME=FOLDER")
    return found


def samples(context: click.Context, parameter: click.Parameter, words: Any) -> tuple[Sample, ...]:
    """Parse ``TYPE=BODY`` or ``TYPE=@FILE``, repeatable."""
    return tuple(_sample(word) for word in words)


def _sample(word: str) -> Sample:
    kind, equals, body = word.partition("=")
    if not equals or "/" not in kind:
        raise click.BadParameter(f"{word!r} is not TYPE=BODY or TYPE=@FILE, as in text/csv=1,2,3")
    if not body.startswith("@"):
        return Sample(kind, body.encode())
    try:
        return Sample(kind, Path(body[1:]).read_bytes())
    except OSError as error:
        raise click.BadParameter(f"{body[1:]!r} cannot be read: {error.strerror}") from None


def json_of(shape: Any, example: str) -> Callback:
    """Return a parser for JSON of this shape; None when the option is missing."""
    adapter: TypeAdapter[Any] = TypeAdapter(shape)

    def read(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
        if text is None:
            return None
        try:
            return adapter.validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            where = f"{place}: " if place else ""
            raise click.BadParameter(
                f"{where}{first['msg']}; write, for example, {example}"
            ) from None

    return read


def wanted(word: str, context: Path | None, arguments: Mapping[str, str]) -> Wanted:
    """Parse a folder with a Dockerfile, a Dockerfile, or the name of an image.

    A Dockerfile of the parameter ``source`` is built from its inputs alone, as in a release.
    """
    path = Path(word)
    if path.is_dir():
        context, path = context or path, path / DOCKERFILE
        _require_dockerfile(path)
    if not path.is_file():
        if DOCKERFILE in path.name or word.startswith((".", "/", "~")):
            raise click.UsageError(f"there is no file {path}{_where_git_has_it(path)}")
        return NamedImage(word)
    context = context or Path.cwd()
    source = configured(path, context)
    return DockerfileOf(
        dockerfile=path,
        context=context,
        arguments={BASE_IMAGE: Source().base_image, **arguments},
        inputs=source[1].inputs if source else (),
    )


def _require_dockerfile(path: Path) -> None:
    """Raises UsageError, which names those below the folder, if it has none of its own."""
    below = [str(one) for one in sorted(path.parent.rglob(DOCKERFILE))[:DOCKERFILES_SHOWN]]
    if below and not path.is_file():
        raise click.UsageError(f"there is no file {path}; name one of {', '.join(below)}")


def _where_git_has_it(path: Path) -> str:
    if not Checkout(Path.cwd()).tracks(path):
        return ""
    return (
        "; git has it, but it is not checked out: `git sparse-checkout disable`, or "
        f"`git checkout -- {path}`"
    )


def configured(dockerfile: Path, context: Path) -> tuple[ImageRole, ImageSource] | None:
    """Return the image of ``source`` that this Dockerfile makes, by modelwharf.toml or by
    default.
    """
    for role, source in sources(context).items():
        there = all((context / name).exists() for name in source.inputs)
        if there and dockerfile.resolve() == (context / source.dockerfile).resolve():
            return role, source
    return None


def sources(folder: Path) -> dict[ImageRole, ImageSource]:
    """Return both images of ``source``. Raises CommandError with the faults of modelwharf.toml."""
    project = project_of(folder)
    source = project.content.source if project else Source()
    return {
        ImageRole.TRAINING: source.training_image,
        ImageRole.INFERENCE: source.inference_image,
    }


def demo_channel(folder: Path) -> dict[str, Path]:
    """Write the newest real prices, in the form that the exemplar's training reads."""
    folder.mkdir()
    head, *lines = demo_series()[PRODUCT].csv.splitlines()
    (folder / f"{PRODUCT}.csv").write_text("\n".join([head, *lines[-DAYS:], ""]))
    (folder / "data.json").write_text(json.dumps({"inputs": [PRODUCT], "options": {}}))
    return {TRAINING_CHANNEL: folder}
