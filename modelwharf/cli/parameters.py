"""The project's sections in Parameter Store, for commands."""

from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError
from pydantic import JsonValue

from modelwharf.artifact.contract import Contract
from modelwharf.cli.errors import CommandError
from modelwharf.cli.output import local_time
from modelwharf.cli.section_changes import flat
from modelwharf.cli.services import Services
from modelwharf.contracts.names import parameter_path
from modelwharf.contracts.parameters import (
    DEFAULT_VERSION,
    SECTIONS,
    Data,
    Deployment,
    Parameters,
    Source,
    Training,
    parse_section,
)
from modelwharf.contracts.section_text import InvalidParameter

if TYPE_CHECKING:
    from mypy_boto3_ssm.type_defs import ParameterTypeDef

UNKNOWN_USER = "N/A"
"""The author of a parameter in the laptop's cloud."""

Section = TypeVar("Section", Source, Data, Training, Deployment)


class Stored(Contract):
    """One section now: the team's text, and its meaning for a release."""

    section: str
    path: str
    version: int
    """DEFAULT_VERSION: there is no parameter, and the defaults apply."""
    set: JsonValue
    """The parameter's own document: None without one, and for one that cannot be read."""
    effective: JsonValue
    """The section with the defaults; None when it cannot be read."""
    defaults: tuple[str, ...] = ()
    """The dotted keys in ``effective`` that Parameter Store does not set."""
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
    return answer["Version"]


def stored_sections(services: Services, project: str) -> list[Stored]:
    """Return every section, in one call."""
    paths = {parameter_path(project, section): section for section in SECTIONS}
    found = services.client("ssm").get_parameters(Names=list(paths))["Parameters"]
    parameters = {paths[one["Name"]]: one for one in found}
    return [_stored(project, section, parameters.get(section)) for section in SECTIONS]


def who_wrote(services: Services, path: str) -> str:
    """Return a parameter's version, its author and its time, in words."""
    pages = services.client("ssm").get_paginator("get_parameter_history").paginate(Name=path)
    entries = [one for page in pages for one in page["Parameters"]]
    newest = max(entries, key=lambda one: one["Version"])
    when = local_time(newest["LastModifiedDate"])
    who = newest["LastModifiedUser"]
    author = "" if who == UNKNOWN_USER else f" by {who}"
    return f"version {newest['Version']}, written{author} at {when}"


def _stored(project: str, section: str, parameter: "ParameterTypeDef | None") -> Stored:
    path = parameter_path(project, section)
    facts: dict[str, Any] = {"section": section, "path": path}
    if parameter is None:
        effective = getattr(Parameters(), section).model_dump(mode="json")
        keys = tuple(flat(effective))
        facts["version"] = DEFAULT_VERSION
        return Stored(**facts, set=None, effective=effective, defaults=keys)
    facts["version"] = parameter["Version"]
    try:
        model = parse_section(path, section, parameter["Value"])
    except InvalidParameter as error:
        return Stored(**facts, set=None, effective=None, finding=str(error))
    written = model.model_dump(mode="json", exclude_unset=True)
    effective = model.model_dump(mode="json")
    keys = tuple(key for key in flat(effective) if key not in flat(written))
    return Stored(**facts, set=written, effective=effective, defaults=keys)


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
        raise CommandError(f"{error}\nPut it right with `{command}`.") from None
