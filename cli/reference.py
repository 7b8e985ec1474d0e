"""The commands' reference, made of their own help: ``python -m cli.reference > docs/wharf.md``."""

from collections.abc import Iterator

import click

from cli.main import wharf

WIDTH = 90  # columns


def reference() -> str:
    """Return Markdown with the help text of every command."""
    parts = ["# wharf", "Made by `python -m cli.reference`; a test keeps it as the commands are."]
    for context in contexts(wharf):
        title = f"## {context.command_path}\n\n" if context.parent else ""
        parts.append(f"{title}```text\n{context.get_help().rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def contexts(
    command: click.Command, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield the contexts in which the command, and everything below it, is called."""
    context = click.Context(
        command,
        info_name=command.name,
        parent=parent,
        terminal_width=WIDTH,
        **({} if parent else command.context_settings),
    )
    yield context
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from contexts(below, context)


if __name__ == "__main__":
    click.echo(reference(), nl=False)
