"""The command group ``wharf``.

`wharf --help` imports only click and this package's small modules: a test lists the forbidden ones.
"""

import os
from typing import TYPE_CHECKING

import click

from modelwharf.cli.command_table import COMMANDS, ENTRIES
from modelwharf.cli.errors import CommandError

if TYPE_CHECKING:
    from modelwharf.cli.services import Services


class Wharf(click.Group):
    """A group whose commands show no traceback for errors that a user can fix."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CommandError as error:
            raise _as_click_error(ctx, error) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from modelwharf.cli.known_problems import KNOWN_PROBLEMS, command_error

            if not isinstance(error, KNOWN_PROBLEMS):
                raise
            raise _as_click_error(ctx, command_error(error, _endpoint_url(ctx))) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return COMMANDS[cmd_name].load() if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the table. click would import every command for its help."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in ENTRIES])


def _as_click_error(context: click.Context, problem: CommandError) -> Exception:
    """Return the exception that ends the command: the problem, or with --json an exit after
    printing it.
    """
    from modelwharf.cli.options import JSON_WANTED

    if not context.meta.get(JSON_WANTED):
        return problem
    from modelwharf.cli.output import print_json

    print_json({"error": problem.message, **problem.details})
    return click.exceptions.Exit(problem.exit_code)


def _endpoint_url(context: click.Context) -> str | None:
    services: Services | None = context.find_root().obj
    return services.endpoint_url if services else None


def _print_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        import modelwharf

        click.echo(modelwharf.__version__)
        context.exit()


@click.group(
    cls=Wharf,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version of this package.",
)
@click.pass_context
def wharf(ctx: click.Context) -> None:
    """Release your model: from a pushed commit to an endpoint that answers.

    AWS_ENDPOINT_URL set: talk to the laptop's cloud (see `wharf up`); unset: to AWS, with
    the credentials and region that the AWS CLI would use.

    Exit codes: 0 fine, 1 what was asked about failed, 2 wrong usage, 130 interrupted. With
    --json what goes wrong is on standard output too: error, and what else the command names.
    """
    name = ctx.invoked_subcommand
    if ctx.obj is None and name in COMMANDS and COMMANDS[name].clients:
        from modelwharf.cli.services import services_of

        ctx.obj = services_of(os.environ)
