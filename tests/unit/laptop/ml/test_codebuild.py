"""Builds run: the buildspec's commands, with the project's role."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modelwharf.contracts.quotas import BUILDS
from modelwharf.laptop.quotas import QuotaChange
from tests.unit.laptop.ml.laptops import EVERYTHING, URI, Laptop, git
from tests.waiting import until

PROJECT = "images"


@pytest.fixture(scope="module", autouse=True)
def project(laptop: Laptop, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A repository with one commit, and a project that builds it; the commit."""
    remote = laptop.client("codecommit").create_repository(repositoryName="code")
    work = tmp_path_factory.mktemp("work")
    git(work, "init", "-b", "main")
    (work / "program.py").write_text("print('hello')\n")
    (work / "Dockerfile").write_text(
        'FROM python:3.12\nWORKDIR /app\nCOPY program.py .\nENTRYPOINT ["python", "program.py"]\n'
    )
    git(work, "add", "-A")
    git(work, "commit", "-m", "one")
    pushed = git(work, "push", remote["repositoryMetadata"]["cloneUrlHttp"], "main")
    assert pushed.returncode == 0, pushed.stderr
    laptop.client("ssm").put_parameter(Name="/secret", Value="hush", Type="SecureString")
    laptop.client("codebuild").create_project(
        name=PROJECT,
        source={
            "type": "CODECOMMIT",
            "location": f"https://git-codecommit.{laptop.cloud.region}.amazonaws.com/v1/repos/code",
        },
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "COLOUR", "value": "red"}],
        },
        serviceRole=laptop.role,
        timeoutInMinutes=480,  # of a fifth of a second
    )
    return git(work, "rev-parse", "HEAD").stdout.strip()


def start(laptop: Laptop, *commands: str, **more: Any) -> dict[str, Any]:
    """Start a build with these commands in its build phase."""
    lines = "".join(f"      - |\n        {command}\n" for command in commands)
    spec = f"version: 0.2\nphases:\n  build:\n    commands:\n{lines}"
    arguments = {"projectName": PROJECT, "buildspecOverride": spec, **more}
    build: dict[str, Any] = laptop.client("codebuild").start_build(**arguments)["build"]
    return build


def ended(laptop: Laptop, build: dict[str, Any]) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = laptop.client("codebuild").batch_get_builds(ids=[build["id"]])["builds"][0]
        return found if found["buildComplete"] else None

    result: dict[str, Any] = until(look, "the build's end")
    return result


def lines(laptop: Laptop, build: dict[str, Any]) -> list[str]:
    return laptop.log(build["logs"]["groupName"], build["logs"]["streamName"])


def phase(build: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in build["phases"] if p["phaseType"] == name)
    return found


def test_each_command_has_a_mark_of_its_own(laptop: Laptop, project: str) -> None:
    """By its mark it is found and stopped; the variables of an earlier one must not hide it."""
    show = "echo marked $MODELWHARF_PROCESS"
    build = ended(laptop, start(laptop, show, show, sourceVersion=project))
    marks = [line for line in lines(laptop, build) if line.startswith("marked ")]
    assert len(set(marks)) == 2
    assert all(len(mark.split()) == 2 for mark in marks)


def test_a_build_runs_its_commands_in_the_pushed_source(laptop: Laptop, project: str) -> None:
    build = ended(laptop, start(laptop, "cat program.py", sourceVersion=project))
    assert build["buildStatus"] == "SUCCEEDED"
    assert build["resolvedSourceVersion"] == project
    assert "print('hello')" in lines(laptop, build)


def test_commands_share_variables_and_directory(laptop: Laptop) -> None:
    build = ended(laptop, start(laptop, "mkdir sub; cd sub; A=1", 'echo "$(basename "$PWD") $A"'))
    assert "sub 1" in lines(laptop, build)


def test_variables_of_the_start_win_and_parameters_are_read(laptop: Laptop) -> None:
    build = start(
        laptop,
        'echo "$COLOUR $SECRET"',
        environmentVariablesOverride=[
            {"name": "COLOUR", "value": "blue"},
            {"name": "SECRET", "value": "/secret", "type": "PARAMETER_STORE"},
        ],
    )
    assert "blue hush" in lines(laptop, ended(laptop, build))


def test_a_failing_command_is_named_with_its_status(laptop: Laptop) -> None:
    build = ended(laptop, start(laptop, "exit 3"))
    assert build["buildStatus"] == "FAILED"
    assert phase(build, "BUILD")["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: exit 3\n. Reason: exit status 3",
        }
    ]


def test_post_build_runs_after_a_failed_build_and_knows_of_it(laptop: Laptop) -> None:
    spec = (
        "version: 0.2\nphases:\n  build:\n    commands: ['false']\n"
        "  post_build:\n    commands: ['echo succeeding=$CODEBUILD_BUILD_SUCCEEDING']\n"
    )
    build = ended(laptop, start(laptop, buildspecOverride=spec))
    assert build["buildStatus"] == "FAILED"
    assert "succeeding=0" in lines(laptop, build)


def test_nothing_runs_after_a_failed_pre_build(laptop: Laptop) -> None:
    spec = (
        "version: 0.2\nphases:\n  pre_build:\n    commands: ['false']\n"
        "  build:\n    commands: ['echo built']\n  post_build:\n    commands: ['echo after']\n"
    )
    build = ended(laptop, start(laptop, buildspecOverride=spec))
    assert not {"built", "after"} & set(lines(laptop, build))


def test_an_unknown_buildspec_key_is_refused_by_name(laptop: Laptop) -> None:
    spec = "version: 0.2\nphases:\n  bild:\n    commands: []\n"
    build = ended(laptop, start(laptop, buildspecOverride=spec))
    context = phase(build, "DOWNLOAD_SOURCE")["contexts"][0]
    assert context["statusCode"] == "YAML_FILE_ERROR"
    assert "'bild' in phases" in context["message"]


def test_an_unknown_commit_fails_the_download(laptop: Laptop) -> None:
    build = ended(laptop, start(laptop, "true", sourceVersion="f" * 40))
    assert "reference not found" in phase(build, "DOWNLOAD_SOURCE")["contexts"][0]["message"]


def test_a_role_that_may_not_pull_fails_the_download(laptop: Laptop) -> None:
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "codecommit:GitPull", "Resource": "*"})
    build = ended(laptop, start(laptop, "true"))
    context = phase(build, "DOWNLOAD_SOURCE")["contexts"][0]
    assert context["statusCode"] == "ACCESS_DENIED"
    assert "codecommit:GitPull on resource: arn:aws:codecommit" in context["message"]


def test_a_stopped_build_leaves_no_process(laptop: Laptop) -> None:
    build = start(laptop, "echo begun; sleep 300 & sleep 300")
    until(lambda: _begun(laptop, build), "the command's first line")
    laptop.client("codebuild").stop_build(id=build["id"])
    assert ended(laptop, build)["buildStatus"] == "STOPPED"
    until(lambda: not laptop.cloud.processes._children, "the end of the build's processes")


def _begun(laptop: Laptop, build: dict[str, Any]) -> bool:
    try:
        return "begun" in lines(laptop, build)
    except ClientError:  # The log group comes with the first line.
        return False


def test_a_build_ends_when_its_time_is_over(laptop: Laptop) -> None:
    build = ended(laptop, start(laptop, "sleep 300", timeoutInMinutesOverride=5))
    assert build["buildStatus"] == "TIMED_OUT"
    assert phase(build, "BUILD")["phaseStatus"] == "TIMED_OUT"


def test_the_same_token_is_one_build(laptop: Laptop) -> None:
    first = start(laptop, "true", idempotencyToken="t1")
    assert start(laptop, "true", idempotencyToken="t1")["id"] == first["id"]
    with pytest.raises(ClientError, match="idempotency token"):
        start(laptop, "false", idempotencyToken="t1")


def test_a_build_tells_of_its_begin_and_its_end(laptop: Laptop) -> None:
    build = ended(laptop, start(laptop, "false"))

    def told() -> list[Mapping[str, Any]]:
        details = laptop.emitted.details("CodeBuild Build State Change")
        return [detail for detail in details if detail["build-id"] == build["arn"]]

    until(lambda: len(told()) > 1, "the event of its end")
    details = told()
    assert [detail["build-status"] for detail in details] == ["IN_PROGRESS", "FAILED"]
    more = details[-1]["additional-information"]
    assert more["logs"]["stream-name"] == build["logs"]["streamName"]
    failed = [p for p in more["phases"] if p.get("phase-status") == "FAILED"]
    assert "Reason: exit status 1" in failed[0]["phase-context"][0]


def test_no_credential_of_this_machine_reaches_a_build(
    laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ROLE_SESSION_NAME", "mine")
    monkeypatch.setenv("MY_TOKEN", "mine")
    build = ended(laptop, start(laptop, "env; aws sts get-caller-identity"))
    log = "\n".join(lines(laptop, build))
    assert "mine" not in log
    assert "assumed-role/worker/AWSCodeBuild" in log


def test_a_build_makes_and_pushes_an_image(laptop: Laptop) -> None:
    registry = URI.split("/")[0]
    build = start(
        laptop,
        f"aws ecr get-login-password | docker login -u AWS --password-stdin {registry}",
        f"docker build --platform linux/amd64 --tag {URI}:built .",
        f"docker push {URI}:built",
    )
    assert ended(laptop, build)["buildStatus"] == "SUCCEEDED", lines(laptop, build)
    images = laptop.client("ecr").describe_images(
        repositoryName=URI.split("/", 1)[1], imageIds=[{"imageTag": "built"}]
    )
    digest = images["imageDetails"][0]["imageDigest"]
    assert any(line.endswith(digest) for line in lines(laptop, build))


def test_a_push_needs_the_roles_leave(laptop: Laptop) -> None:
    laptop.allow(EVERYTHING, {"Effect": "Deny", "Action": "ecr:PutImage", "Resource": "*"})
    registry = URI.split("/")[0]
    build = start(
        laptop,
        f"aws ecr get-login-password | docker login -u AWS --password-stdin {registry}",
        f"docker build --tag {URI}:denied . && docker push {URI}:denied",
    )
    assert ended(laptop, build)["buildStatus"] == "FAILED"
    assert any("ecr:PutImage" in line for line in lines(laptop, build))


def test_what_docker_cannot_do_here_is_refused_by_name(laptop: Laptop) -> None:
    build = ended(laptop, start(laptop, "docker compose up"))
    assert build["buildStatus"] == "FAILED"
    log = "\n".join(lines(laptop, build))
    assert "'compose'" in log and "login, build, push" in log


def test_a_missing_project_is_named(laptop: Laptop) -> None:
    with pytest.raises(ClientError, match=r"Project cannot be found: .*project/nothing"):
        laptop.client("codebuild").start_build(projectName="nothing")


def test_what_start_build_cannot_honour_here_is_refused(laptop: Laptop) -> None:
    with pytest.raises(ClientError, match="imageOverride"):
        start(laptop, "true", imageOverride="other")
    assert Path(laptop.cloud.directory / "builds").exists()


def test_more_builds_than_the_account_may_run_are_refused_in_codebuilds_words(
    laptop: Laptop,
) -> None:
    quota = QuotaChange(name=BUILDS, value=1)
    before = laptop.cloud.quotas.value(BUILDS)
    laptop.cloud.quotas.change(quota)
    try:
        first = start(laptop, "sleep 60")
        with pytest.raises(ClientError, match="Cannot have more than 1 builds in queue") as caught:
            start(laptop, "true")
        assert caught.value.response["Error"]["Code"] == "AccountLimitExceededException"
        laptop.client("codebuild").stop_build(id=first["id"])
        ended(laptop, first)
        assert ended(laptop, start(laptop, "true"))["buildStatus"] == "SUCCEEDED"
    finally:
        laptop.cloud.quotas.change(quota.model_copy(update={"value": before}))
