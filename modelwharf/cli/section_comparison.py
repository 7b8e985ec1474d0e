"""The project's file compared with Parameter Store, section by section."""

import click
from click.core import ParameterSource

from modelwharf.artifact.contract import Contract
from modelwharf.cli.errors import CommandError
from modelwharf.cli.parameters import Stored, stored_sections
from modelwharf.cli.section_changes import Change, changes
from modelwharf.cli.services import Services
from modelwharf.contracts.configured_project import PROJECT_FILE
from modelwharf.contracts.parameters import DEFAULT_VERSION, Parameters
from modelwharf.contracts.project_file import ProjectFile


class Comparison(Contract):
    """One section: what the file would change in Parameter Store."""

    section: str
    path: str
    version: int
    """The version in Parameter Store; DEFAULT_VERSION when there is no parameter."""
    finding: str = ""
    """Why the parameter cannot be read; then ``changes`` is empty."""
    changes: tuple[Change, ...] = ()

    @property
    def differs(self) -> bool:
        return bool(self.finding or self.changes)

    def __str__(self) -> str:
        version = "no parameter" if self.version == DEFAULT_VERSION else f"version {self.version}"
        lines = [self.finding] if self.finding else [str(change) for change in self.changes]
        return "\n".join((f"{self.path} ({version})", *(f"  {line}" for line in lines)))


def compare(services: Services, project: str, file: Parameters) -> list[Comparison]:
    """Return every section, in one call."""
    return [compared(one, file) for one in stored_sections(services, project)]


def require_project(context: click.Context, project: str, file: ProjectFile) -> None:
    """Check the project.

    Raises CommandError when the file names another one, unless an option named this one.
    """
    if context.get_parameter_source("project") is ParameterSource.COMMANDLINE:
        return
    if "project" in file.model_fields_set and file.project != project:
        raise CommandError(
            f"{PROJECT_FILE} names project {file.project}, and WHARF_PROJECT names {project}: "
            "unset WHARF_PROJECT, or name the project that you mean with --project"
        )


def model_of(stored: Stored) -> Contract:
    """Return a readable section as its model."""
    return type(section_of(Parameters(), stored.section)).model_validate(stored.effective)


def section_of(parameters: Parameters, section: str) -> Contract:
    found: Contract = getattr(parameters, section)
    return found


def compared(stored: Stored, file: Parameters) -> Comparison:
    facts = {"section": stored.section, "path": stored.path, "version": stored.version}
    if stored.finding:
        return Comparison.model_validate({**facts, "finding": stored.finding})
    found = changes(stored.section, model_of(stored), section_of(file, stored.section))
    return Comparison.model_validate({**facts, "changes": found})
