"""The project's sections in Parameter Store, as a command needs them."""

from typing import Any, TypeVar

from botocore.exceptions import ClientError
from pydantic import JsonValue

from cli.errors import Trouble
from cli.services import Services
from contracts.model import Contract
from contracts.names import parameter_path
from contracts.parameters import (
    DEFAULT_VERSION,
    SECTIONS,
    Data,
    Deployment,
    Parameters,
    Source,
    Training,
    parse_section,
)
from contracts.section_text import InvalidParameter

Section = TypeVar("Section", Source, Data, Training, Deployment)


class Stored(Contract):
    """One section as it is now: what the team wrote, and what a release takes it for."""

    section: str
    path: str
    version: int
    """DEFAULT_VERSION: there is no parameter, and the defaults apply."""
    set: JsonValue
    """The parameter's own document: None without one, and for one that cannot be read."""
    effective: JsonValue
    """With the defaults filled in; None when it cannot be read."""
    finding: str = ""
    """Why it cannot be read."""


def source_section(services: Services, project: str) -> Source:
    """Return the ``source`` section; the defaults when the parameter is not there."""
    return _section(services, project, "source", Source)


def data_section(services: Services, project: str) -> Data:
    """Return the ``data`` section; the defaults when the parameter is not there."""
    return _section(services, project, "data", Data)


def training_section(services: Services, project: str) -> Training:
    """Return the ``training`` section; the defaults when the parameter is not there."""
    return _section(services, project, "training", Training)


def deployment_section(services: Services, project: str) -> Deployment:
    """Return the ``deployment`` section; the defaults when the parameter is not there."""
    return _section(services, project, "deployment", Deployment)


def put_data_section(services: Services, project: str, section: Data) -> int:
    """Write the ``data`` section; return its new Parameter Store version."""
    return put_section(services, project, "data", section.model_dump_json(exclude_defaults=True))


def put_section(services: Services, project: str, section: str, text: str) -> int:
    """Write a section's text; return its new Parameter Store version.

    A text beyond the standard tier's 4 KB (PutParameter) makes an advanced parameter.
    """
    answer = services.client("ssm").put_parameter(
        Name=parameter_path(project, section),
        Value=text,
        Type="String",
        Tier="Intelligent-Tiering",
        Overwrite=True,
    )
    version: int = answer["Version"]
    return version


def stored_sections(services: Services, project: str) -> list[Stored]:
    """Return every section, in one call."""
    paths = {parameter_path(project, section): section for section in SECTIONS}
    found = services.client("ssm").get_parameters(Names=list(paths))["Parameters"]
    parameters = {paths[one["Name"]]: one for one in found}
    return [_stored(project, section, parameters.get(section)) for section in SECTIONS]


def _stored(project: str, section: str, parameter: dict[str, Any] | None) -> Stored:
    path = parameter_path(project, section)
    defaults = getattr(Parameters(), section).model_dump(mode="json")
    facts = {"section": section, "path": path}
    if parameter is None:
        return Stored(**facts, version=DEFAULT_VERSION, set=None, effective=defaults)
    facts["version"] = parameter["Version"]
    try:
        model = parse_section(path, section, parameter["Value"])
    except InvalidParameter as error:
        return Stored(**facts, set=None, effective=None, finding=str(error))
    written = model.model_dump(mode="json", exclude_unset=True)
    return Stored(**facts, set=written, effective=model.model_dump(mode="json"))


def _section(services: Services, project: str, section: str, model: type[Section]) -> Section:
    path = parameter_path(project, section)
    try:
        answer = services.client("ssm").get_parameter(Name=path)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        return model()
    try:
        return model.model_validate(parse_section(path, section, answer["Parameter"]["Value"]))
    except InvalidParameter as error:
        command = f"wharf config put {section} FILE"
        raise Trouble(f"{error}\nPut it right with `{command}`.") from None
