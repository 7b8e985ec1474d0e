"""``docker`` inside a build: login, build, push, and a plain word about the rest."""

import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from modelwharf.engines.engine import BuildRequest, Engine, Image, ImageConfig, LogSink
from modelwharf.engines.image_push import Refused, RegistryClient
from modelwharf.engines.process.base import python_digest
from modelwharf.engines.process.docker_program import Docker, run
from modelwharf.engines.process.image_store import ImageStore

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
URI = f"{REGISTRY}/team/model:one"


class FakeEngine:
    """Builds the same small image whatever it is asked, and runs none."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store
        self.requests: list[BuildRequest] = []

    def build(self, request: BuildRequest, log: LogSink) -> Image:
        self.requests.append(request)
        return self._store.save({"a": 1}, [b"layer"], lambda root: None)

    def config(self, digest: str) -> ImageConfig:
        return ImageConfig(platform="linux/amd64")


class FakeEcr:
    """Notes every call; has the layers that it was given."""

    def __init__(self, present: Mapping[str, bytes]) -> None:
        self.calls: list[str] = []
        self.layers = dict(present)
        self.manifest = ""

    def batch_check_layer_availability(self, **asked: Any) -> dict[str, Any]:
        self.calls.append("check")
        held = [digest for digest in asked["layerDigests"] if digest in self.layers]
        return {
            "layers": [{"layerDigest": d, "layerAvailability": "AVAILABLE"} for d in held],
            "failures": [],
        }

    def initiate_layer_upload(self, **asked: Any) -> dict[str, str]:
        self.calls.append("initiate")
        return {"uploadId": "1"}

    def upload_layer_part(self, **asked: Any) -> None:
        self.calls.append("part")
        digest = f"sha256:{hashlib.sha256(asked['layerPartBlob']).hexdigest()}"
        self.layers[digest] = asked["layerPartBlob"]

    def complete_layer_upload(self, **asked: Any) -> None:
        self.calls.append("complete")

    def put_image(self, **asked: Any) -> None:
        self.calls.append(f"put {asked['repositoryName']}:{asked['imageTag']}")
        self.manifest = asked["imageManifest"]


class Shell:
    def __init__(self, folder: Path, ecr: FakeEcr) -> None:
        self.context = folder / "context"
        self.context.mkdir()
        (self.context / "Dockerfile").write_text("FROM x\n")
        store = ImageStore(folder / "images")
        self.engine = FakeEngine(store)
        registry = RegistryClient(folder / "state", lambda region: ecr)
        self.docker = Docker(folder / "state", store, cast(Engine, self.engine), registry)

    def __call__(self, *words: str, stdin: str = "") -> str:
        return run(self.docker, words, io.StringIO(stdin))

    def login(self) -> str:
        return self("login", "--username", "AWS", "--password-stdin", REGISTRY, stdin="secret\n")


@pytest.fixture
def ecr() -> FakeEcr:
    return FakeEcr({})


@pytest.fixture
def shell(tmp_path: Path, ecr: FakeEcr) -> Shell:
    return Shell(tmp_path, ecr)


def test_a_build_gets_its_file_arguments_and_platform(shell: Shell) -> None:
    words = ["--platform", "linux/amd64", "--build-arg", "BASE_IMAGE=x", "--tag", URI]
    shell("build", *words, "--file", f"{shell.context}/Dockerfile", str(shell.context))
    (request,) = shell.engine.requests
    assert request.arguments == {"BASE_IMAGE": "x"}
    assert request.platform == "linux/amd64"
    assert request.dockerfile == shell.context / "Dockerfile"


def test_what_is_meant_for_a_real_builder_changes_nothing(shell: Shell) -> None:
    words = ["--secret", "id=ca,src=ca", "--cache-from", URI, "--provenance=false"]
    shell("build", *words, "--build-arg", "COLOUR=red", str(shell.context))
    assert shell.engine.requests == [
        BuildRequest(shell.context, shell.context / "Dockerfile", {"COLOUR": "red"})
    ]


def test_a_build_says_what_it_takes(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    """A buildspec looks there before it gives an option that some builders do not have."""
    with pytest.raises(SystemExit) as end:
        shell("build", "--help")
    assert end.value.code == 0
    assert "--secret" in capsys.readouterr().out


@pytest.mark.parametrize("digest", [python_digest(), f"sha256:{'0' * 64}"])
def test_this_machines_python_is_the_base_whatever_the_digest(
    shell: Shell, capsys: pytest.CaptureFixture[str], digest: str
) -> None:
    shell("build", "--build-arg", f"BASE_IMAGE=python:3.12@{digest}", str(shell.context))
    assert shell.engine.requests[0].arguments == {"BASE_IMAGE": "python:3.12"}
    told = "this machine's own Python stands in" in capsys.readouterr().out
    assert told == (digest != python_digest())


def test_a_built_image_tells_its_platform(shell: Shell) -> None:
    shell("build", "-t", "model", str(shell.context))
    look = ["image", "inspect", "--format", "{{.Os}}/{{.Architecture}}"]
    assert shell(*look, "model:latest") == "linux/amd64"


def test_a_second_name_can_be_pushed(shell: Shell, ecr: FakeEcr) -> None:
    shell.login()
    shell("build", "-t", "model", str(shell.context))
    shell("tag", "model", URI)
    shell("push", URI)
    assert ecr.calls[-1] == "put team/model:one"


def test_a_push_uploads_what_is_missing_then_the_manifest(shell: Shell, ecr: FakeEcr) -> None:
    shell.login()
    shell("build", "-t", URI, str(shell.context))
    answer = shell("push", URI)
    assert ecr.calls[0] == "check"
    assert ecr.calls.count("complete") == 2  # the configuration and one layer
    assert ecr.calls[-1] == "put team/model:one"
    named = json.loads(ecr.manifest)
    assert {named["config"]["digest"], named["layers"][0]["digest"]} == set(ecr.layers)
    assert answer.endswith(hashlib.sha256(ecr.manifest.encode()).hexdigest())


def test_a_layer_that_is_there_is_not_uploaded_again(tmp_path: Path) -> None:
    layer = f"sha256:{hashlib.sha256(b'layer').hexdigest()}"
    ecr = FakeEcr({layer: b"layer"})
    shell = Shell(tmp_path, ecr)
    shell.login()
    shell("build", "-t", URI, str(shell.context))
    shell("push", URI)
    assert ecr.calls.count("complete") == 1


def test_a_push_needs_a_login(shell: Shell) -> None:
    shell("build", "-t", URI, str(shell.context))
    with pytest.raises(Refused, match="no basic auth credentials"):
        shell("push", URI)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["push", URI], "does not exist locally with the tag"),
        (["push", "docker.io/me/model:1"], "the laptop's cloud has only ECR"),
        (["run", "x"], "invalid choice: 'run'.*login, build, push"),
        (["image", "inspect", "--format", "{{.Id}}", "x"], "invalid choice: '{{.Id}}'"),
        (["tag", "nowhere", URI], "does not exist locally with the tag: nowhere"),
        (["build", "--squash", "."], "unrecognized arguments: --squash"),
        (["build", "--output", "type=local,dest=.", "."], "invalid choice: 'type=local,dest=.'"),
        (["build", "nowhere"], "the context nowhere is not a folder"),
        (["login", "-u", "me", "--password-stdin", REGISTRY], "give user AWS"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    shell: Shell, words: list[str], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        shell(*words)


def test_another_platform_is_refused(shell: Shell) -> None:
    with pytest.raises(Refused, match="platform 'windows'; use linux/amd64"):
        shell("build", "--platform", "windows", str(shell.context))


def test_it_starts_without_what_only_the_cloud_needs() -> None:
    """A build starts it five times: moto and boto3 would add a second to each."""
    program = "import sys, modelwharf.engines.process.docker_program; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    loaded = done.stdout.split()
    assert "modelwharf.engines.process" in loaded and not {"moto", "boto3"} & set(loaded)
