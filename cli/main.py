"""The command group ``wharf``."""

import os

import click

from cli.commands.approve import approve
from cli.commands.config import config
from cli.commands.data import data
from cli.commands.demo import demo
from cli.commands.destroy import destroy
from cli.commands.doctor import doctor
from cli.commands.down import down
from cli.commands.env import env
from cli.commands.invoke import invoke
from cli.commands.logs import logs
from cli.commands.policy import policy_command
from cli.commands.preflight import preflight
from cli.commands.push import push
from cli.commands.redrive import redrive
from cli.commands.reject import reject
from cli.commands.releases import releases
from cli.commands.selftest import selftest
from cli.commands.show import show
from cli.commands.start import start
from cli.commands.up import up
from cli.errors import KNOWN_PROBLEMS, Trouble, trouble
from cli.options import JSON_WANTED
from cli.output import print_json
from cli.services import Services, services_of


class Wharf(click.Group):
    """A group whose commands never show a traceback for what a user can put right."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (Trouble, *KNOWN_PROBLEMS) as error:
            found = error if isinstance(error, Trouble) else trouble(error, _endpoint_url(ctx))
            if not ctx.meta.get(JSON_WANTED):
                raise found from None
            print_json({"error": found.message, **found.details})
            raise click.exceptions.Exit(found.exit_code) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order a person needs them, not the alphabet's."""
        return list(self.commands)


def _endpoint_url(context: click.Context) -> str | None:
    services = context.find_object(Services)
    return services.endpoint_url if services else None


@click.group(
    cls=Wharf,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def wharf(ctx: click.Context) -> None:
    """Release your model: from a pushed commit to an endpoint that answers.

    AWS_ENDPOINT_URL set: talk to the laptop's cloud (see `wharf up`); unset: to AWS, with
    the credentials and region that the AWS CLI would use.

    Exit codes: 0 fine, 1 what was asked about failed, 2 wrong usage, 130 interrupted. With
    --json what goes wrong is on standard output too: error, and what else the command names.
    """
    if ctx.obj is None:
        ctx.obj = services_of(os.environ)


for command in (
    up, env, push, start, releases, show, logs, approve, reject, invoke, data, config, doctor,
    redrive, preflight, selftest, policy_command, down, demo, destroy,
):  # fmt: skip
    wharf.add_command(command)
