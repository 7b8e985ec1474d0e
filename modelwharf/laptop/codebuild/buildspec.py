"""Read a buildspec (version 0.2), and refuse by name what this CodeBuild does not support.

The reference is the CodeBuild user guide, "Build specification reference".
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import yaml


class BuildspecError(Exception):
    """The buildspec cannot be used. CodeBuild's status code for this is YAML_FILE_ERROR."""


class PhaseName(StrEnum):
    """The phases with commands, in the order in which they run."""

    INSTALL = "install"
    PRE_BUILD = "pre_build"
    BUILD = "build"
    POST_BUILD = "post_build"


@dataclass(frozen=True)
class Phase:
    """``finally_`` runs whether or not a command failed."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    continues: bool = False
    """``on-failure: CONTINUE``: the next phase runs although a command failed."""


@dataclass(frozen=True)
class Buildspec:
    phases: dict[PhaseName, Phase]
    variables: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    """Variable → name of the Parameter Store parameter that holds its value."""
    exported: tuple[str, ...] = ()


def parse(text: str) -> Buildspec:
    """Parse a buildspec. Raises BuildspecError, which names the bad key and the known keys."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"the buildspec is not YAML: {error}") from None
    top = _mapping("the buildspec", document, ("version", "env", "phases"))
    if str(top.get("version")) != "0.2":
        raise BuildspecError(f"version is {top.get('version')!r}; only 0.2 is known here")
    env = _mapping(
        "env",
        top.get("env") or {},
        ("shell", "variables", "parameter-store", "exported-variables"),
    )
    if env.get("shell", "bash") != "bash":
        raise BuildspecError(f"env.shell is {env['shell']!r}; only bash is known here")
    phases = _mapping("phases", top.get("phases"), tuple(PhaseName))
    if not phases:
        raise BuildspecError("phases is empty; give at least one phase")
    return Buildspec(
        phases={PhaseName(name): _phase(name, value) for name, value in phases.items()},
        variables=_texts("env.variables", env.get("variables")),
        parameters=_texts("env.parameter-store", env.get("parameter-store")),
        exported=_commands("env.exported-variables", env.get("exported-variables")),
    )


def _phase(name: str, value: Any) -> Phase:
    place = f"phases.{name}"
    known = _mapping(place, value, ("commands", "finally", "on-failure"))
    reaction = known.get("on-failure", "ABORT")
    if reaction not in ("ABORT", "CONTINUE"):
        raise BuildspecError(f"{place}.on-failure is {reaction!r}; use ABORT or CONTINUE")
    return Phase(
        commands=_commands(f"{place}.commands", known.get("commands")),
        finally_=_commands(f"{place}.finally", known.get("finally")),
        continues=reaction == "CONTINUE",
    )


def _mapping(place: str, value: Any, allowed: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BuildspecError(f"{place} must be a mapping, not {value!r}")
    unknown = [str(key) for key in value if key not in allowed]
    if unknown:
        raise BuildspecError(
            f"unknown key {', '.join(map(repr, unknown))} in {place}; "
            f"known here: {', '.join(allowed)}"
        )
    return value


def _texts(place: str, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BuildspecError(f"{place} must be a mapping, not {value!r}")
    return {str(name): _text(item) for name, item in value.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _commands(place: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BuildspecError(f"{place} must be a list of strings, not {value!r}")
    return tuple(value)
