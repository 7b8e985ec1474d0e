"""Every file, make target and `wharf` command that a page names exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from modelwharf.cli.main import wharf
from tests.unit.docs.test_links import ROOT, tracked

CODE_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
SHELL = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[;&|(]\s*|\$ )(make|wharf) ([^\n;&|)]*)", re.MULTILINE)
A_PATH = re.compile(r"[\w.-]+(?:/[\w.*-]+)*/?")
TARGETS = frozenset(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
FOLDERS = frozenset(path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT)

PAGES = [
    page
    for page in tracked("*.md")
    if page.name != "CHANGELOG.md" and "decisions" not in page.parts
]


def code_of(text: str) -> Iterator[str]:
    """The code spans and the shell blocks of a page."""
    yield from CODE_SPAN.findall(SHELL.sub("", text))
    yield from SHELL.findall(text)


def missing_files(text: str) -> Iterator[str]:
    """The paths in code spans that start with a folder of this repository and do not exist."""
    for span in CODE_SPAN.findall(text):
        is_ours = "/" in span and A_PATH.fullmatch(span) and span.split("/")[0] in FOLDERS
        if is_ours and not any(ROOT.glob(span.rstrip("/"))):
            yield span


def missing_commands(text: str) -> Iterator[str]:
    for code in code_of(text):
        for program, line in COMMAND.findall(code):
            words = [word for word in line.split() if re.fullmatch(r"[a-z][a-z-]*", word)]
            known = is_target if program == "make" else is_command
            if words and line.startswith(words[0]) and not known(words):
                yield f"{program} {line}"


def is_target(words: list[str]) -> bool:
    return words[0] in TARGETS


def is_command(words: list[str]) -> bool:
    """Whether the first word is a command, and, for a group, the second one is a subcommand."""
    context = click.Context(wharf)
    command = wharf.get_command(context, words[0])
    if isinstance(command, click.Group) and len(words) > 1:
        return command.get_command(context, words[1]) is not None
    return command is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_files_that_exist(page: Path) -> None:
    assert list(missing_files(page.read_text())) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_targets_and_commands_that_exist(page: Path) -> None:
    assert list(missing_commands(page.read_text())) == []


def test_a_missing_file_is_found() -> None:
    text = "`docs/none.md`, `tests/unit/docs/*.py`, `infra/`, `text/csv`, `infra/none/`"
    assert list(missing_files(text)) == ["docs/none.md", "infra/none/"]


def test_a_missing_target_or_command_is_found() -> None:
    text = (
        "`make test`, `make none`, `wharf`, `wharf nothing`, `wharf config none`\n"
        "```sh\ncd x && wharf absent --wait\nwharf config show\n```\n"
    )
    assert list(missing_commands(text)) == [
        "make none",
        "wharf nothing",
        "wharf config none",
        "wharf absent --wait",
    ]
