"""The commands' reference, made from their help.

``python -m modelwharf.cli.reference > docs/wharf.md`` writes it.
"""

from collections.abc import Iterator

import click

from modelwharf.cli.main import wharf

WIDTH = 90  # columns


def reference() -> str:
    """Return Markdown with the help text of every command."""
    parts = [
        "# wharf",
        "Made by `python -m modelwharf.cli.reference`; a test keeps it as the commands are.",
    ]
    for context in contexts(wharf):
        title = f"## {context.command_path}\n\n" if context.parent else ""
        parts.append(f"{title}```text\n{context.get_help().rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def contexts(
    command: click.Command, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield the click contexts of the command and of all its subcommands."""
    context = click.Context(
        command,
        info_name=command.name,
        parent=parent,
        terminal_width=WIDTH,
        **({} if parent else command.context_settings),
    )
    yield context
    if isinstance(command, click.Group):
        for name in command.commands or command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from contexts(below, context)


if __name__ == "__main__":
    click.echo(reference(), nl=False)
