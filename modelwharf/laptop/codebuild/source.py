"""The inputs of a build: its source, its buildspec and its environment variables."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from modelwharf.engines.processes import UMASK
from modelwharf.laptop import iam
from modelwharf.laptop.cloud import Cloud
from modelwharf.laptop.codebuild import buildspec
from modelwharf.laptop.codebuild.buildspec import Buildspec, BuildspecError
from modelwharf.laptop.codebuild.record import Build
from modelwharf.laptop.codecommit.git_repository import (
    GitRepository,
    NotInRepository,
    git_environment,
)
from modelwharf.laptop.codecommit.service import repository_folder


class SourceError(Exception):
    """A build cannot start. ``code`` is the phase context's status code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def download(cloud: Cloud, build: Build, folder: Path) -> None:
    """Download the source into ``folder``. Raises SourceError."""
    source = build.record["source"]
    folder.mkdir(parents=True)
    stream = _log_stream(cloud, build)
    require(cloud, build.role, "logs:CreateLogStream", f"{stream.partition(':log-stream:')[0]}:*")
    require(cloud, build.role, "logs:PutLogEvents", stream)
    if source["type"] == "NO_SOURCE":
        return
    name = repository_name(source["location"])
    require(cloud, build.role, "codecommit:GitPull", cloud.arn("codecommit", name))
    version = build.record.get("sourceVersion", "HEAD")
    try:
        commit = GitRepository(repository_folder(cloud, name)).resolve(version, "commit")
    except NotInRepository:
        raise SourceError(
            "CLIENT_ERROR",
            f"reference not found for primary source and source version {version}",
        ) from None
    _clone(repository_folder(cloud, name), commit, folder)
    with build.lock:
        build.record["resolvedSourceVersion"] = commit


def repository_name(location: str) -> str:
    """The repository's name, from AWS's clone URL or from the folder of the laptop's remote."""
    return location.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")


def read_buildspec(build: Build, folder: Path) -> Buildspec:
    """Parse the buildspec, a file of the source or the project's own text. Raises SourceError."""
    given = build.record["source"].get("buildspec") or "buildspec.yml"
    try:
        if "\n" in given:
            return buildspec.parse(given)
        path = folder / given
        if not path.is_file():
            raise BuildspecError(f"{given} is not in the source")
        return buildspec.parse(path.read_text())
    except BuildspecError as error:
        raise SourceError("YAML_FILE_ERROR", str(error)) from None


def variables(cloud: Cloud, build: Build, spec: Buildspec) -> dict[str, str]:
    """The variables. StartBuild's override the project's, which override the buildspec's."""
    stored = dict(spec.parameters)
    plain = dict(spec.variables)
    for variable in build.record["environment"]["environmentVariables"]:
        name, kind = variable["name"], variable["type"]
        if kind == "PARAMETER_STORE":
            stored[name] = variable["value"]
        else:
            stored.pop(name, None)
            plain[name] = variable["value"]
    return {**plain, **_read_parameters(cloud, build, stored)}


def _read_parameters(cloud: Cloud, build: Build, parameters: Mapping[str, str]) -> dict[str, str]:
    if not parameters:
        return {}
    ssm = cloud.client("ssm", role=build.role, session="AWSCodeBuild")
    try:
        answer = ssm.get_parameters(Names=sorted(set(parameters.values())), WithDecryption=True)
    except ClientError as error:
        raise SourceError("Decrypted Variables Error", str(error)) from None
    if answer["InvalidParameters"]:
        missing = ", ".join(answer["InvalidParameters"])
        raise SourceError("Decrypted Variables Error", f"parameter does not exist: {missing}")
    values: dict[str, Any] = {item["Name"]: item["Value"] for item in answer["Parameters"]}
    return {variable: values[name] for variable, name in parameters.items()}


def require(cloud: Cloud, role: str, action: str, resource: str) -> None:
    """Check the permissions of the build's role for CodeBuild's own calls. Raises SourceError."""
    try:
        iam.require_of_role(cloud, role, "AWSCodeBuild", action, resource)
    except (iam.AccessDenied, iam.UnknownPrincipal) as error:
        raise SourceError("ACCESS_DENIED", str(error)) from None


def _log_stream(cloud: Cloud, build: Build) -> str:
    return cloud.arn("logs", f"log-group:{build.group}:log-stream:{build.stream}")


def _clone(repository: Path, commit: str, folder: Path) -> None:
    for words in (
        ["clone", "--quiet", "--no-checkout", str(repository), str(folder)],
        ["-C", str(folder), "checkout", "--quiet", "--detach", commit],
    ):
        done = subprocess.run(
            ["git", *words],
            capture_output=True,
            text=True,
            check=False,
            env=git_environment(),
            umask=UMASK,  # the files' modes become part of images
        )
        if done.returncode:
            raise SourceError("CLIENT_ERROR", done.stderr.strip())
