"""Checks that this package is compatible with the one that made the stack's template."""

from collections.abc import Mapping
from dataclasses import dataclass

import click
from packaging.version import Version

import modelwharf
from modelwharf.cli.errors import CommandError
from modelwharf.cli.services import Services

BEFORE_VERSIONS = "0"
"""The version of a stack that is older than the version output."""


@dataclass(frozen=True)
class StackVersion:
    """The two versions in a stack's outputs, and this package's own."""

    stack: str
    made_by: str
    oldest_reader: str
    own: str

    @classmethod
    def of(
        cls, stack: str, outputs: Mapping[str, str], own: str = modelwharf.__version__
    ) -> "StackVersion":
        made_by = outputs.get("ModelwharfVersion", BEFORE_VERSIONS)
        return cls(stack, made_by, outputs.get("OldestReader", BEFORE_VERSIONS), own)

    @property
    def is_newer(self) -> bool:
        """Whether a deploy from here would downgrade the stack."""
        return Version(self.own) < Version(self.made_by)

    @property
    def is_older(self) -> bool:
        return Version(self.made_by) < Version(self.own)

    @property
    def install(self) -> str:
        """The command that installs the stack's version."""
        return f"pip install modelwharf-{self.made_by}-py3-none-any.whl"

    def require_reader(self) -> None:
        """Raises CommandError when this command line is too old for the stack."""
        if Version(self.own) < Version(self.oldest_reader):
            raise CommandError(
                f"{self.stack} was deployed by modelwharf {self.made_by}, and needs `wharf` of "
                f"{self.oldest_reader} or newer; this is {self.own}: {self.install}"
            )


def compare_versions(services: Services, stack: str, outputs: Mapping[str, str]) -> None:
    """Warn on stderr when the stack's version and this package's differ.

    Raises CommandError when the stack needs a newer command line.
    """
    found = StackVersion.of(stack, outputs)
    found.require_reader()
    if found.is_newer:
        click.echo(
            f"note: {stack} was deployed by modelwharf {found.made_by}, and this `wharf` is older, "
            f"{found.own}: {found.install}",
            err=True,
        )
    elif found.is_older:
        known = found.made_by != BEFORE_VERSIONS
        version = f"modelwharf {found.made_by}" if known else "an older modelwharf"
        click.echo(
            f"note: {stack} was deployed by {version}, and this `wharf` is newer, {found.own}: "
            f"bring the stack up to it with `{services.deploy}`",
            err=True,
        )
