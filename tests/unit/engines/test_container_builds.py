"""Builds where Docker or podman is the engine: options, images by digest, and the base image."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from modelwharf.engines.container.build_options import adapted, with_own_dockerfile
from modelwharf.engines.container.command_line import (
    CommandLine,
    NoCommandLine,
    find_command_line,
    machine_variables,
)
from modelwharf.engines.container.docker_program import Docker
from modelwharf.engines.container.image_store import ImageStore
from modelwharf.engines.engine import BuildError, ImageMissing
from modelwharf.engines.image_push import Refused, RegistryClient
from modelwharf.engines.manifest import digest
from modelwharf.laptop.base_registry import with_base_registry

BUILDX = CommandLine(("docker",), {}, "  --provenance string\n  --secret stringArray\n", False)
DOCKER_20 = CommandLine(("docker",), {}, "  --secret stringArray\n", False)
PODMAN = CommandLine(("podman",), {}, "  --secret stringArray\n  --timestamp int\n", True)
CACHE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/model:old"
MANIFEST_OPTIONS = ["--provenance=false", "--output", "type=image,oci-mediatypes=false"]

INSPECTED = {
    "Id": "sha256:" + "a" * 64,
    "Os": "linux",
    "Architecture": "amd64",
    "Created": "2026-11-21T11:54:50Z",
    "RepoDigests": [],
    "Config": {"Entrypoint": ["python", "-m", "training"], "Env": ["A=1"], "Volumes": None},
    "RootFS": {"Type": "layers", "Layers": ["sha256:" + "1" * 64, "sha256:" + "2" * 64]},
}


def fit(
    client: CommandLine,
    *words: str,
    environment: Mapping[str, str] | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> list[str]:
    return adapted(words, client, environment or {}, lambda base, platform: f"{base}!", log)


def test_a_build_for_codebuilds_docker_stays_as_it_is() -> None:
    words = ["--platform", "linux/amd64", *MANIFEST_OPTIONS, "--tag", "x", "."]
    assert fit(BUILDX, *words) == words


@pytest.mark.parametrize("client", [DOCKER_20, PODMAN])
def test_a_client_without_buildx_is_not_asked_for_its_options(client: CommandLine) -> None:
    assert fit(client, *MANIFEST_OPTIONS, "--load", "--tag", "x", ".") == ["--tag", "x", "."]


def test_the_registry_is_not_a_layer_cache_here_and_the_log_says_so() -> None:
    said: list[str] = []
    words = ["--cache-from", CACHE, "--build-arg", "BUILDKIT_INLINE_CACHE=1", "."]
    assert fit(BUILDX, *words, log=said.append) == ["."]
    assert CACHE in said[0]


def test_another_cache_is_left_alone() -> None:
    assert fit(BUILDX, "--cache-from=me/cache", ".") == ["--cache-from=me/cache", "."]


@pytest.mark.parametrize("word", ["BASE_IMAGE=python:3.12", "BASE_IMAGE"])
def test_the_base_image_is_looked_up_before_it_is_handed_on(word: str) -> None:
    given = fit(BUILDX, "--build-arg", word, ".", environment={"BASE_IMAGE": "python:3.12"})
    assert given == ["--build-arg", "BASE_IMAGE=python:3.12!", "."]


def test_podman_gets_the_hour_as_an_option() -> None:
    assert fit(PODMAN, ".", environment={"SOURCE_DATE_EPOCH": "0"}) == ["--timestamp", "0", "."]
    assert fit(PODMAN, "--timestamp", "5", ".", environment={"SOURCE_DATE_EPOCH": "0"}) == [
        "--timestamp",
        "5",
        ".",
    ]


def test_what_podman_runs_can_be_found_again() -> None:
    environment = {"MODELWHARF_PROCESS": "abc", "NO_PROXY": "localhost"}
    given = fit(PODMAN, ".", environment=environment)
    assert given == ["--build-arg", "no_proxy=localhost,abc.invalid", "."]
    assert fit(DOCKER_20, ".", environment=environment) == ["."]


def test_a_pip_configuration_is_not_given_to_a_podman_that_would_let_it_into_the_image() -> None:
    remote = CommandLine(("podman", "--url", "unix:///s"), {}, PODMAN.options, True)
    secret = ["--secret", "id=pip_conf,src=.image-secrets/pip_conf"]

    with pytest.raises(BuildError, match="PIP_CONFIG_FILE"):
        fit(remote, *secret)

    assert fit(PODMAN, *secret) == secret
    authorities = ["--secret", "id=ca,src=.image-secrets/ca"]
    assert fit(remote, *authorities) == authorities


def program(folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_first_docker_with_buildkit_is_the_client(tmp_path: Path) -> None:
    old = program(tmp_path / "old", "docker")
    podman = program(tmp_path / "podman", "docker")
    good = program(tmp_path / "good", "docker")
    told = {old: "no buildx", podman: "podman build\n --secret", good: "  --secret list"}
    machine = {"PATH": f"{tmp_path}/old:{tmp_path}/podman:{tmp_path}/good:{tmp_path}/none"}

    def ask(words: Sequence[str], environment: Mapping[str, str]) -> str:
        return told[words[0]]

    found = find_command_line("unix:///socket", False, machine, ask)
    assert found.words == (good,)
    assert found.environment["DOCKER_HOST"] == "unix:///socket"


@pytest.mark.parametrize(
    ("is_podman", "advice"), [(True, "apt-get install podman"), (False, "docker-buildx")]
)
def test_without_a_client_one_is_told_what_to_install(is_podman: bool, advice: str) -> None:
    with pytest.raises(NoCommandLine, match=advice):
        find_command_line("unix:///socket", is_podman, {"PATH": "/nowhere"})


@pytest.mark.parametrize(("own", "is_local"), [("here /var/lib", True), ("here /home", False)])
def test_podman_builds_itself_where_its_service_would_build_the_same(
    tmp_path: Path, own: str, is_local: bool
) -> None:
    """The service's builds find their secrets in their context."""
    podman = program(tmp_path / "bin", "podman")

    def ask(words: Sequence[str], environment: Mapping[str, str]) -> str:
        if "--help" in words:
            return "  --secret stringArray"
        return "here /var/lib" if "--url" in words else own

    found = find_command_line("unix:///socket", True, {"PATH": str(tmp_path / "bin")}, ask)
    assert (found.words == (podman,)) == is_local


def test_a_client_finds_its_plugins_although_a_build_has_a_home_of_its_own() -> None:
    given = {"HOME": "/home/ada", "PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "http_proxy": "p"}
    assert machine_variables(given) == {
        "HOME": "/home/ada",
        "PATH": "/bin",
        "http_proxy": "p",
        "DOCKER_CONFIG": "/home/ada/.docker",
    }


def test_an_image_is_what_it_holds_and_how_it_starts(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    first = store.remember(INSPECTED)
    later = store.remember({**INSPECTED, "Id": "sha256:" + "b" * 64, "Created": "later"})
    assert first == later
    assert first.digest == digest(first.manifest.encode())
    assert store.local(first.digest) == "sha256:" + "b" * 64
    other = {**INSPECTED, "Config": {"Entrypoint": ["sh"]}}
    assert store.remember(other).digest != first.digest


def test_a_registry_gets_the_configuration_and_no_layer(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    image = store.pushable(store.remember(INSPECTED).digest)
    named = json.loads(image.manifest)
    (blob,) = image.blobs.values()
    assert named["config"]["digest"] == digest(blob)
    assert json.loads(blob)["architecture"] == "amd64"
    assert image.kept == set(INSPECTED["RootFS"]["Layers"])  # type: ignore[index]


def test_an_image_that_is_not_here_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ImageMissing, match="build and push it again"):
        ImageStore(tmp_path).local("sha256:" + "0" * 64)


class Client:
    """The engine's own client: notes what it was asked."""

    def __init__(self) -> None:
        self.ran: list[Sequence[str]] = []

    def __call__(self, words: Sequence[str], environment: Mapping[str, str]) -> int:
        self.ran.append(words)
        return 0


def docker(folder: Path, client: Client) -> Docker:
    def no_engine() -> Any:
        raise AssertionError("this needs no engine")

    registry = RegistryClient(folder, lambda region: no_engine())
    return Docker(no_engine, ImageStore(folder), registry, lambda: BUILDX, client)


@pytest.mark.parametrize("words", [["build", "--help"], ["version"], ["buildx", "version"]])
def test_what_is_harmless_is_the_clients_to_do(tmp_path: Path, words: list[str]) -> None:
    client = Client()
    assert docker(tmp_path, client).run(words, {}, io.StringIO()) == 0
    assert client.ran == [["docker", *words]]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["run", "x"], "'run x' is not done in a build on the laptop; it has: login, push, build"),
        (["system", "prune"], "'system prune' is not done"),
        (["image", "rm", "x"], "'image rm x' is not done"),
        (["pull", CACHE], "images are in this engine already"),
        (["login", "-u", "AWS", "-p", "secret", "host"], "docker login --username AWS"),
    ],
)
def test_what_would_change_this_machine_is_refused_by_name(
    tmp_path: Path, words: list[str], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        docker(tmp_path, Client()).run(words, {}, io.StringIO())


def asked(path: str, method: str = "GET", query: str = "") -> tuple[str, dict[str, str], bytes]:
    """What the stand-in for registries answers; the engine knows one image."""

    def base_digest(reference: str, platform: str) -> str:
        if reference != "public.ecr.aws/docker/library/python:3.12-slim":
            raise ImageMissing(f"base image {reference} is not here")
        return f"sha256:{platform or 'any'}"

    answered: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        answered.extend((status, dict(headers)))

    cloud = cast(
        "Any", SimpleNamespace(engine=SimpleNamespace(base_digest=base_digest), registry_key="key")
    )
    page = with_base_registry(cloud, lambda environ, start: [b"another's"])
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "QUERY_STRING": query}
    body = b"".join(page(environ, start_response))
    return (*answered, body) if answered else ("", {}, body)


IMAGE = "/_wharf/registry/key/v2/public.ecr.aws/docker/library/python/manifests/3.12-slim"


def test_the_engine_answers_for_every_registry() -> None:
    status, headers, body = asked(IMAGE, "HEAD")
    assert (status, headers["Docker-Content-Digest"], body) == ("200 OK", "sha256:any", b"")
    assert asked(IMAGE, query="platform=linux/arm64")[1]["Docker-Content-Digest"] == (
        "sha256:linux/arm64"
    )


def test_an_image_that_the_engine_cannot_get_is_not_found_in_its_own_words() -> None:
    status, _, body = asked(IMAGE.replace("python", "nope"))
    assert status == "404 Not Found"
    assert "nope:3.12-slim is not here" in json.loads(body)["errors"][0]["message"]


def test_other_pages_are_anothers() -> None:
    assert asked("/_wharf/faults")[2] == b"another's"


@pytest.mark.parametrize("key", ["", "kez", "ke\N{LATIN SMALL LETTER Y WITH ACUTE}"])
def test_without_its_key_the_registry_leaves_a_request_to_the_gate(key: str) -> None:
    assert asked(IMAGE.replace("/key/", f"/{key}/"))[2] == b"another's"


@pytest.mark.parametrize("named", [["--file", "{}"], ["-f", "{}"], ["--file={}"], []])
def test_podman_gets_a_copy_of_the_dockerfile_that_its_own_folder_cannot_have(
    tmp_path: Path, named: list[str]
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    (tmp_path / "Dockerfile.dockerignore").write_text("*.pyc\n")
    words = [word.format(tmp_path / "Dockerfile") for word in named]
    option, copy, *rest = with_own_dockerfile([*words, "--tag", "a", str(tmp_path)], tmp_path / "s")
    assert (option, rest) == ("--file", ["--tag", "a", str(tmp_path)])
    assert Path(copy).parent == tmp_path / "s"
    assert Path(copy).read_text() == "FROM x\n"
    assert Path(f"{copy}.dockerignore").read_text() == "*.pyc\n"
