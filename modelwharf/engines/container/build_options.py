"""Adapt the options of a ``docker build`` to the engine's own client.

A buildspec is written for CodeBuild's Docker, and for a registry that has more than manifests.
"""

import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwharf.engines.container.command_line import CommandLine
from modelwharf.engines.engine import BuildError, LogSink
from modelwharf.engines.processes import MARK

BASE_ARGUMENT = "BASE_IMAGE"
EPOCH = "SOURCE_DATE_EPOCH"
INLINE_CACHE = "BUILDKIT_INLINE_CACHE"
FILE = re.compile(r"(--file|-f)(=|$)")
REGISTRY = re.compile(r"\d{12}\.dkr\.ecr\.")
PIP_CONF = re.compile(r"(^|,)id=pip_conf(,|$)")
TAKEN_APART = (
    "--build-arg",
    "--cache-from",
    "--cache-to",
    "--output",
    "--platform",
    "--provenance",
    "--sbom",
    "--secret",
    "--timestamp",
    "-o",
)
OF_BUILDX = ("--load", "--provenance", "--sbom")
"""Options for a build's result and attestations; other clients do the same without them."""


@dataclass(frozen=True)
class _Option:
    """One or two words of the command line. ``name`` is empty for a word that is not parsed."""

    words: tuple[str, ...]
    name: str = ""
    value: str = ""


def adapted(
    words: Sequence[str],
    client: CommandLine,
    environment: Mapping[str, str],
    local_base: Callable[[str, str], str],
    log: LogSink,
) -> list[str]:
    """Return the words after ``build``.

    ``local_base`` returns, for a base image and a platform, the name to build from. Raises
    BuildError for a secret that the client would not keep.
    """
    options = list(_options(words))
    platform = next((one.value for one in options if one.name == "--platform"), "")
    epoch = environment.get(EPOCH, "")
    found: list[str] = []
    for option in options:
        name, _, value = option.value.partition("=")
        if client.is_remote_podman and PIP_CONF.search(option.value):
            raise BuildError(
                "the pip configuration of this build may hold credentials, and a podman that "
                "works through its service puts secrets into the build's context, where `COPY .` "
                "takes them into the image (containers/podman issue 28334). Use Docker, or podman "
                "where its own store is; or do without: PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL= "
                "wharf up"
            )
        if option.name in ("--cache-from", "--cache-to") and REGISTRY.search(option.value):
            log(f"{option.name} {option.value}: this engine's own layers are the cache here")
        elif option.name == "--build-arg" and name == INLINE_CACHE:
            continue  # images are not pulled from here
        elif option.name == "--build-arg" and name == BASE_ARGUMENT:
            base = value if "=" in option.value else environment.get(BASE_ARGUMENT, "")
            found += ["--build-arg", f"{BASE_ARGUMENT}={local_base(base, platform)}"]
        elif option.name == "--build-arg" and name == EPOCH and client.is_podman:
            epoch = value or epoch
        elif not _is_strange(option, client):
            found += option.words
    return [*_of_podman(options, epoch, environment), *found] if client.is_podman else found


def with_own_dockerfile(words: Sequence[str], folder: Path) -> list[str]:
    """Return the words for the same build from a copy of its Dockerfile in ``folder``.

    The copy has a new name. Podman's service looks for the path below its own working folder first:
    a service that was started in a checkout would build that checkout's Dockerfile, not the
    commit's.
    """
    found = list(words)
    place = next((n for n, word in enumerate(found) if FILE.match(word)), None)
    if place is None:
        source = Path(found[-1]) / "Dockerfile"
    else:
        word = found.pop(place)
        source = Path(word.partition("=")[2] if "=" in word else found.pop(place))
    if not source.is_file():
        return list(words)  # the client has the better error message
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / f"Dockerfile-{uuid.uuid4().hex}"
    shutil.copyfile(source, copy)
    ignored = source.with_name(f"{source.name}.dockerignore")
    if ignored.is_file():
        shutil.copyfile(ignored, copy.with_name(f"{copy.name}.dockerignore"))
    return ["--file", str(copy), *found]


def _is_strange(option: _Option, client: CommandLine) -> bool:
    """Whether the client lacks the option and does what it asks for anyway."""
    if client.knows("--provenance"):
        return False
    if option.name in ("--output", "-o"):
        return option.value.startswith("type=image")
    return option.words[0].partition("=")[0] in OF_BUILDX


def _of_podman(options: Sequence[_Option], epoch: str, environment: Mapping[str, str]) -> list[str]:
    """Return podman's words for a fixed image timestamp and for a mark on the processes of RUN.

    BuildKit fixes the timestamp by the variable alone. The mark is needed because podman leaves a
    RUN running when its client is stopped. The proxy variables carry it: of the variables that RUN
    sees, only they are neither in the image nor in podman's cache key.
    """
    found = []
    if epoch and not any(option.name == "--timestamp" for option in options):
        found += ["--timestamp", epoch]
    mark = environment.get(MARK)
    if mark:
        without = environment.get("no_proxy") or environment.get("NO_PROXY")
        hosts = [*([without] if without else []), f"{mark}.invalid"]
        found += ["--build-arg", f"no_proxy={','.join(hosts)}"]
    return found


def _options(words: Sequence[str]) -> Iterator[_Option]:
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name not in TAKEN_APART:
            yield _Option((word,))
        elif equals:
            yield _Option((word,), name, value)
        else:
            following = next(rest, "")
            yield _Option((word, following), name, following)
