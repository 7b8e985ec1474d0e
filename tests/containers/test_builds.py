"""A release's build on a real engine: containers/buildspec.yml, run by the laptop's CodeBuild."""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from docker.errors import APIError

from lambdas import build as build_image
from modelwharf.contracts.laptop import STATE_FILE, LaptopCloud
from modelwharf.engines.choice import choose
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.server import Server
from tests.containers.engines import DEBIAN_BASE, ContainerEngine
from tests.waiting import until

if TYPE_CHECKING:
    from mypy_boto3_codebuild.type_defs import BuildTypeDef

ROOT = Path(__file__).parents[2]
REGION = "eu-west-1"
REGISTRY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
PLATFORM = "linux/amd64"
DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
WORKDIR /opt/program
COPY program.sh .
RUN date +%N > /opt/made
ENTRYPOINT ["sh", "/opt/program/program.sh"]
"""


@dataclass
class Builds:
    """A cloud with one repository of images, and a project that runs our buildspec."""

    cloud: Cloud
    engine: ContainerEngine
    repository: str
    work: Path

    def start(self, tag: str, files: Mapping[str, str], **variables: str) -> dict[str, Any]:
        """Start building what the files are; ``Dockerfile`` is one of them."""
        commit = self._push(files)
        given = {
            "IMAGE_URI": f"{REGISTRY}/{self.repository}:{tag}",
            "IMAGE_DOCKERFILE": "Dockerfile",
            "IMAGE_INPUTS": " ".join(sorted(files)),
            "BASE_IMAGE": f"{DEBIAN_BASE}@{self.cloud.engine.base_digest(DEBIAN_BASE, PLATFORM)}",
            "PLATFORM": PLATFORM,
            **variables,
        }
        build: dict[str, Any] = self.cloud.client("codebuild").start_build(
            projectName="images",
            sourceVersion=commit,
            environmentVariablesOverride=[
                {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in given.items()
            ],
        )["build"]
        return build

    def end(self, build: dict[str, Any]) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.cloud.client("codebuild").batch_get_builds(ids=[build["id"]])["builds"][0]
            return found if found["buildComplete"] else None

        ended: dict[str, Any] = until(look, "the build's end", seconds=120)
        return ended

    def built(self, tag: str, files: Mapping[str, str], **variables: str) -> str:
        """The digest of the image that the registry has when the build has succeeded."""
        ended = self.end(self.start(tag, files, **variables))
        assert ended["buildStatus"] == "SUCCEEDED", "\n".join(self.log(ended))
        return self.pushed(tag)

    def pushed(self, tag: str) -> str:
        found = self.cloud.client("ecr").describe_images(
            repositoryName=self.repository, imageIds=[{"imageTag": tag}]
        )
        digest: str = found["imageDetails"][0]["imageDigest"]
        return digest

    def log(self, build: dict[str, Any]) -> list[str]:
        events = self.cloud.client("logs").get_log_events(
            logGroupName=build["logs"]["groupName"],
            logStreamName=build["logs"]["streamName"],
            startFromHead=True,
        )["events"]
        return [event["message"] for event in events]

    def _push(self, files: Mapping[str, str]) -> str:
        remote = self.cloud.client("codecommit").get_repository(repositoryName="code")
        for name, text in files.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_text(text)
        (self.work / "buildspec.yml").write_text((ROOT / "containers/buildspec.yml").read_text())
        git(self.work, "add", "-A")
        git(self.work, "commit", "--allow-empty", "-m", "files")
        git(self.work, "push", "-f", remote["repositoryMetadata"]["cloneUrlHttp"], "HEAD:main")
        return git(self.work, "rev-parse", "HEAD").strip()


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def builds(
    engine: ContainerEngine, tag: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Builds]:
    def chosen(cloud: Cloud) -> Any:
        return choose("docker", cloud.directory, cloud.processes)

    server = Server(tmp_path_factory.mktemp("cloud"), region=REGION, engine=chosen)
    cloud = server.cloud
    described = LaptopCloud(
        pid=os.getpid(),
        url=cloud.url,
        region=REGION,
        account=cloud.account,
        engine=cloud.engine.name,
        project="toy",
        repository="",
    )
    (cloud.directory / STATE_FILE).write_text(described.model_dump_json())  # pushes ask for it
    repository = f"builds/{tag}"
    cloud.client("ecr").create_repository(repositoryName=repository)
    cloud.client("codecommit").create_repository(repositoryName="code")
    work = tmp_path_factory.mktemp("work")
    git(work, "init", "-b", "main")
    cloud.client("codebuild").create_project(
        name="images",
        source={
            "type": "CODECOMMIT",
            "location": f"https://git-codecommit.{REGION}.amazonaws.com/v1/repos/code",
        },
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=role(cloud),
        timeoutInMinutes=60,
    )
    yield Builds(cloud, engine, repository, work)
    server.stop()
    for image in engine.client.images.list(name=f"{REGISTRY}/{repository}"):
        for name in image.tags:
            # Podman keeps one that a build works on, a stopped one's or another test's.
            with suppress(APIError):
                engine.client.images.remove(name, noprune=True)


def role(cloud: Cloud) -> str:
    iam = cloud.client("iam")
    made = iam.create_role(
        RoleName="builder", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"})
    )
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    iam.put_role_policy(
        RoleName="builder",
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": everything}),
    )
    arn: str = made["Role"]["Arn"]
    return arn


def image(program: str, dockerfile: str = DOCKERFILE) -> dict[str, str]:
    return {"Dockerfile": dockerfile, "program.sh": program}


def test_a_pushed_image_is_the_engines_own(builds: Builds) -> None:
    digest = builds.built("one", image("echo $1"))
    found = builds.cloud.engine.config(digest)
    assert found.platform == PLATFORM
    assert found.entrypoint == ("sh", "/opt/program/program.sh")
    ran = builds.engine.run(f"{REGISTRY}/{builds.repository}:one", "hello")
    assert (ran.exit_code, ran.log) == (0, "hello\n")


def test_the_same_files_are_the_same_image(builds: Builds) -> None:
    first = builds.built("same-one", image("echo same"))
    assert builds.built("same-two", image("echo same")) == first
    assert builds.built("other", image("echo other")) != first


def test_a_change_that_keeps_a_files_length_is_another_image(builds: Builds) -> None:
    """BuildKit takes a file of the same name, size and hour for the one that it has."""
    first = builds.built("length-one", image("echo 1"))
    assert builds.built("length-two", image("echo 2")) != first
    ran = builds.engine.run(f"{REGISTRY}/{builds.repository}:length-two")
    assert ran.log == "2\n"


def test_the_registry_has_the_images_configuration(builds: Builds) -> None:
    """So a reader of the registry knows its platform."""
    builds.built("described", image("true"))
    ecr = builds.cloud.client("ecr")
    found = ecr.batch_get_image(
        repositoryName=builds.repository, imageIds=[{"imageTag": "described"}]
    )["images"][0]
    config = json.loads(found["imageManifest"])["config"]["digest"]
    held = ecr.batch_check_layer_availability(
        repositoryName=builds.repository, layerDigests=[config]
    )["layers"]
    assert [layer["layerAvailability"] for layer in held] == ["AVAILABLE"]


def test_a_base_image_that_is_not_the_one_meant_is_not_built_from(builds: Builds) -> None:
    other = f"{DEBIAN_BASE}@sha256:{'0' * 64}"
    ended = builds.end(builds.start("moved", image("true"), BASE_IMAGE=other))
    assert ended["buildStatus"] == "FAILED"
    log = "\n".join(builds.log(ended))
    assert "cannot be pulled" in log
    assert "start the release again, and it takes that one" in log


def test_a_failing_step_tells_its_own_last_lines(builds: Builds) -> None:
    failing = DOCKERFILE.replace(
        "RUN date",
        "RUN for i in $(seq 60); do echo line $i; done; echo no such wheel >&2; false\nRUN date",
    )
    ended = builds.end(builds.start("failing", image("true", failing)))
    assert ended["buildStatus"] == "FAILED"
    site: Any = SimpleNamespace(clients=SimpleNamespace(logs=builds.cloud.client("logs")))
    wanted = build_image.BuildContext(repository=builds.repository, tag="failing")
    cause = build_image._cause(site, wanted, cast("BuildTypeDef", ended))
    assert "line 60" in cause
    assert "no such wheel" in cause
    assert "exit" in cause


def test_two_builds_run_at_once_and_a_stopped_one_ends_what_it_runs(builds: Builds) -> None:
    # Seconds that no other test on this machine sleeps.
    marks = [f"{seconds}.{uuid.uuid4().int % 10**9:09}" for seconds in (271, 314)]
    started = []
    for mark in marks:
        sleeping = DOCKERFILE.replace("RUN date", f"RUN echo sleeping; sleep {mark}\nRUN date")
        started.append(builds.start(f"stopped-{mark}", image("true", sleeping)))
    until(lambda: all(sleepers(mark) for mark in marks), "both builds' programs")
    for build in started:
        builds.cloud.client("codebuild").stop_build(id=build["id"])
    assert [builds.end(build)["buildStatus"] for build in started] == ["STOPPED", "STOPPED"]
    until(lambda: not any(sleepers(mark) for mark in marks), "the end of the builds' programs")


def sleepers(mark: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", mark.encode()]:
            found.append(path.parent.name)
    return found
