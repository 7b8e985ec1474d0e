"""The project's sections in Parameter Store, read at a version."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.errors import code_of
from modelwharf.artifact.contract import Contract
from modelwharf.contracts.names import PARAMETER_ROOT, configuration_digest, parameter_path
from modelwharf.contracts.parameters import (
    DEFAULT_VERSION,
    SECTIONS,
    Data,
    Parameters,
    parse_section,
)
from modelwharf.contracts.section_text import InvalidParameter

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class Pinned(Contract):
    """The current sections: the text of each section that exists, the version of every section."""

    texts: dict[str, str]
    versions: dict[str, int]
    """DEFAULT_VERSION for a section that does not exist."""

    def section(self, project: str, name: str) -> Any:
        """Return the section's model, or its defaults when the parameter does not exist.

        Raises InvalidParameter.
        """
        if name not in self.texts:
            return getattr(Parameters(), name)
        return parse_section(parameter_path(project, name), name, self.texts[name])

    def configuration(self, project: str) -> str:
        """Return the digest of all sections; for an unreadable section its text counts."""
        return configuration_digest({name: self._content(project, name) for name in SECTIONS})

    def _content(self, project: str, name: str) -> Any:
        try:
            return self.section(project, name).model_dump(mode="json")
        except InvalidParameter:
            return self.texts[name]


def read_data(ssm: "SSMClient", project: str) -> Data:
    """Return the current data section, or its defaults. Raises InvalidParameter."""
    path = parameter_path(project, "data")
    try:
        text = ssm.get_parameter(Name=path)["Parameter"]["Value"]
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        return Data()
    data: Data = parse_section(path, "data", text)
    return data


def read_current(ssm: "SSMClient", project: str) -> Pinned:
    """Read every section's newest version, in one call."""
    sections = {parameter_path(project, section): section for section in SECTIONS}
    found = ssm.get_parameters(Names=list(sections))["Parameters"]
    return Pinned(
        texts={sections[parameter["Name"]]: parameter["Value"] for parameter in found},
        versions={
            **dict.fromkeys(SECTIONS, DEFAULT_VERSION),
            **{sections[parameter["Name"]]: parameter["Version"] for parameter in found},
        },
    )


def read_pinned(
    ssm: "SSMClient", project: str, versions: Mapping[str, int], configuration: str = ""
) -> Parameters:
    """Read the sections at these versions; their digest must be ``configuration``, if given.

    Raises InvalidParameter with *all* findings.
    """
    sections: dict[str, Any] = {}
    findings: list[str] = []
    for section, version in versions.items():
        if version == DEFAULT_VERSION:
            continue
        path = parameter_path(project, section)
        try:
            sections[section] = parse_section(path, section, _text(ssm, path, version))
        except InvalidParameter as finding:
            findings.append(str(finding))
    if findings:
        raise InvalidParameter("; ".join(findings))
    parameters = Parameters(**sections)
    found = configuration_digest(parameters.model_dump(mode="json"))
    if configuration not in ("", found):
        raise InvalidParameter(
            f"{PARAMETER_ROOT}/{project} no longer gives the configuration that this release "
            f"pinned ({configuration}, now {found}): defaults changed with an upgrade, or a "
            "parameter was deleted and made again, since the release was asked for; see what is "
            "configured now (wharf config show), and start again: wharf start"
        )
    return parameters


def _text(ssm: "SSMClient", path: str, version: int) -> str:
    try:
        return str(ssm.get_parameter(Name=f"{path}:{version}")["Parameter"]["Value"])
    except ClientError as error:
        if code_of(error) not in ("ParameterNotFound", "ParameterVersionNotFound"):
            raise
        raise InvalidParameter(
            f"{path} no longer has version {version}, which this release pinned; "
            "start the release again with another reason"
        ) from None
