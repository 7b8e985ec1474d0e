"""The subjects of the checks: the cloud, the template to deploy, and this machine."""

import functools
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from modelwharf.cli.errors import CommandError
from modelwharf.cli.services import Services
from modelwharf.contracts.names import stack_name

CDK = "npx aws-cdk@2.1148.1"
PROGRAM_TIMEOUT = 20  # seconds


@dataclass(frozen=True)
class Template:
    """The part of a synthesised cloud assembly that an account must be ready for."""

    resources: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Mapping[str, Any]]
    bootstrap_parameter: str
    bootstrap_version: int

    @classmethod
    def of(cls, assembly: Path, project: str) -> "Template":
        """Read an assembly. Raises CommandError when it belongs to another project."""
        name = stack_name(project)
        try:
            manifest = json.loads((assembly / "manifest.json").read_text())
            template = json.loads((assembly / f"{name}.template.json").read_text())
        except FileNotFoundError as error:
            raise CommandError(
                f"{assembly} is not a cloud assembly of {name}: there is no {error.filename}; "
                f"make one with `WHARF_PROJECT={project} python app.py`, or leave out --assembly"
            ) from None
        needs = [one["properties"] for one in manifest["artifacts"].values()]
        needs = [one for one in needs if "requiresBootstrapStackVersion" in one]
        if not needs:
            raise CommandError(
                f"{assembly} names no bootstrap version: make it with `python app.py`"
            )
        return cls(
            resources=template["Resources"],
            parameters=template.get("Parameters", {}),
            bootstrap_parameter=needs[0]["bootstrapStackVersionSsmParameter"],
            bootstrap_version=max(one["requiresBootstrapStackVersion"] for one in needs),
        )

    def of_type(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the logical id and the properties of each resource of this type."""
        for logical_id, resource in self.resources.items():
            if resource["Type"] == kind:
                yield logical_id, resource.get("Properties", {})


def run_program(*words: str) -> str | None:
    """Return the program's output; None when it is not installed or fails."""
    if shutil.which(words[0]) is None:
        return None
    try:
        answer = subprocess.run(
            words, capture_output=True, text=True, timeout=PROGRAM_TIMEOUT, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


@dataclass(frozen=True)
class Account:
    """One account and region, or the laptop's cloud, and the project to deploy there."""

    services: Services
    project: str
    template: Template
    run: Callable[..., str | None] = run_program

    @property
    def stack(self) -> str:
        return stack_name(self.project)

    @property
    def region(self) -> str:
        return self.services.region

    @property
    def on_laptop(self) -> bool:
        return self.services.on_laptop

    def client(self, name: str) -> Any:
        return self.services.client(name)

    @functools.cached_property
    def identity(self) -> Mapping[str, str]:
        """The caller's identity from STS. Raises boto3's errors."""
        answer: Mapping[str, str] = self.client("sts").get_caller_identity()
        return answer

    @functools.cached_property
    def deployed(self) -> Mapping[str, Any] | None:
        """The stack's description from DescribeStacks; None when there is none."""
        try:
            answer = self.client("cloudformation").describe_stacks(StackName=self.stack)
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            return None
        found: Mapping[str, Any] = answer["Stacks"][0]
        return found

    def parameter(self, name: str) -> str | None:
        """Return a value of Parameter Store; None when it has no such name."""
        try:
            answer = self.client("ssm").get_parameter(Name=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise
            return None
        return str(answer["Parameter"]["Value"])
