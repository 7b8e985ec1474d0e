"""The project's sections in Parameter Store, as a command needs them."""

from typing import TypeVar

from botocore.exceptions import ClientError

from cli.errors import Trouble
from cli.services import Services
from contracts.names import parameter_path
from contracts.parameters import Data, InvalidParameter, Source, parse_section

Section = TypeVar("Section", Source, Data)


def source_section(services: Services, project: str) -> Source:
    """Return the ``source`` section; the defaults when the parameter is not there."""
    return _section(services, project, "source", Source)


def data_section(services: Services, project: str) -> Data:
    """Return the ``data`` section; the defaults when the parameter is not there."""
    return _section(services, project, "data", Data)


def put_data_section(services: Services, project: str, section: Data) -> int:
    """Write the ``data`` section; return its new Parameter Store version."""
    answer = services.client("ssm").put_parameter(
        Name=parameter_path(project, "data"),
        Value=section.model_dump_json(exclude_defaults=True),
        Type="String",
        Overwrite=True,
    )
    version: int = answer["Version"]
    return version


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
        command = f"aws ssm put-parameter --overwrite --name {path} --value …"
        raise Trouble(f"{error}\nPut it right with `{command}`.") from None
